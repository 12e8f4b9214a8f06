//go:build unix

package action

import (
	"os/exec"
	"testing"

	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// impossible is a signal that cannot be sent.
type impossible struct{}

func (impossible) Signal()        {}
func (impossible) String() string { return "impossible" }

// TestDeliverFails: a signal that was not sent is not marked.
func TestDeliverFails(t *testing.T) {
	processes := &proc.Group{}
	t.Cleanup(func() { _ = processes.Close() })
	p, err := processes.Run("a", exec.Command("sleep", "1000"))
	if err != nil {
		t.Fatal(err)
	}
	env := &scenario.Env{Processes: processes, Mark: func(m scenario.Moment) { t.Errorf("marked %s", m.Kind) }}
	if err := deliver(env, p, impossible{}); err == nil {
		t.Error("it was sent")
	}
	p.Kill()
	<-p.Ended
}
