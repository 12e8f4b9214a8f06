//go:build unix

package proc_test

import (
	"os/exec"
	"testing"
	"time"

	"nodrop/scenario/proc"
)

// TestRunUntil: ending is called once the process has exited, and before it
// counts as ended.
func TestRunUntil(t *testing.T) {
	g := newGroup(t)
	var at time.Time
	p, err := g.RunUntil("a", exec.Command("sh", "-c", "exit 3"), func(p *proc.Process) {
		if !p.Gone() || !p.Alive() {
			t.Errorf("gone %v, alive %v; want both", p.Gone(), p.Alive())
		}
		at = p.EndedAt
	})
	if err != nil {
		t.Fatal(err)
	}
	awaitEnd(t, p)
	if at.IsZero() || !at.Equal(p.EndedAt) {
		t.Errorf("called at %v; want %v", at, p.EndedAt)
	}
}

// TestLeaving: it is closed when the process is asked to exit.
func TestLeaving(t *testing.T) {
	p, _ := spawn(t, newGroup(t), true, "exec sleep 1000")
	select {
	case <-p.Leaving():
		t.Error("nobody has asked it to exit")
	default:
	}
	p.Kill()
	select {
	case <-p.Leaving():
	default:
		t.Error("it was asked to exit")
	}
	awaitEnd(t, p)
}
