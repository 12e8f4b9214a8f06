package proc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// How long a guardian may take to start and, once its pipe is closed, to kill
// what it guards and itself.
const (
	guardianStart = 30 * time.Second
	guardianEnd   = 15 * time.Second
)

// saidLines is how many of a guardian's last lines an error shows.
const saidLines = 3

// Guard starts the guardian, unless it is running, and returns once it guards.
// Every other way to start a process does so, too, but cannot be interrupted.
// The guardian belongs to the Group.
func (g *Group) Guard(ctx context.Context) (*Process, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.needGuardian(ctx); err != nil {
		return nil, err
	}
	return g.guardian, nil
}

// needGuardian is Guard for callers that hold the lock.
func (g *Group) needGuardian(ctx context.Context) error {
	switch {
	case g.closed:
		return errors.New("the scenario has ended")
	case g.guardian == nil:
		return g.startGuardian(ctx)
	case g.guardian.Crashed():
		return fmt.Errorf("the guardian exited unexpectedly: %w", exitError(g.guardian))
	}
	return nil
}

// startGuardian requires the lock.
func (g *Group) startGuardian(ctx context.Context) error {
	cmd, err := g.guardianCommand()
	if err != nil {
		return fmt.Errorf("guardian: %w", err)
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("guardian: %w", err)
	}
	guards := make(chan struct{})
	ready := sync.OnceFunc(func() { close(guards) })
	var said []string // not to be read before the guardian has ended
	c := &Child{
		Name: "guardian", Cmd: cmd,
		Stdout: func(_ *Process, line string) {
			if line == guardianReady {
				ready()
			}
		},
		Stderr: func(_ *Process, line string) {
			said = append(said, line)
			said = said[max(0, len(said)-saidLines):]
		},
	}
	p, err := c.launch(func(*Process) error { return cmd.Start() }, func(*Process) {})
	if err != nil {
		_ = pipe.Close()
		return err
	}
	if err := awaitGuardian(ctx, p, guards); err != nil {
		_ = dismiss(p, pipe)
		if len(said) > 0 && ctx.Err() == nil {
			err = fmt.Errorf("%w: %s", err, strings.Join(said, "; "))
		}
		return err
	}
	g.guardian, g.pipe = p, pipe
	return nil
}

func (g *Group) guardianCommand() (*exec.Cmd, error) {
	self := g.Executable
	if self == "" {
		var err error
		if self, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(self, GuardianCommand) //nolint:noctx // its end is that of the pipe
	setGroup(cmd, 0)
	untag(cmd)
	return cmd, nil
}

func awaitGuardian(ctx context.Context, p *Process, guards <-chan struct{}) error {
	timeout := time.NewTimer(guardianStart)
	defer timeout.Stop()
	select {
	case <-guards:
		return nil
	case <-p.Ended:
		return fmt.Errorf("%s did not start: %w", p.Name, exitError(p))
	case <-timeout.C:
		return fmt.Errorf("%s is not ready after %v", p.Name, guardianStart)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exitError returns how a process exited that should not have.
func exitError(p *Process) error { return cmp.Or(p.Err, errors.New("exit status 0")) }

// dismiss closes the pipe to a guardian, which then kills everything that it
// guards and itself, and waits for it.
func dismiss(guardian *Process, pipe io.Closer) error {
	guardian.Ask()
	err := pipe.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil // it has exited, and Wait has closed the pipe
	}
	ctx, cancel := context.WithTimeout(context.Background(), guardianEnd)
	defer cancel()
	if guardian.Await(ctx) != nil {
		killGroupOf(guardian.PID()) // the program does not behave as a guardian
		<-guardian.Ended
	}
	return err
}

// say sends the guardian a message. The caller must hold the lock. Write errors
// do not matter: they mean that the guardian is gone, which Start reports.
func (g *Group) say(word string, arg any) {
	if g.guardian != nil && !g.closed {
		_, _ = fmt.Fprintln(g.pipe, word, arg)
	}
}

// TempDir creates a directory that does not outlive us.
func (g *Group) TempDir(pattern string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.needGuardian(context.Background()); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", pattern)
	if err == nil {
		g.say(sayDir, dir)
	}
	return dir, err
}

// RemoveDir removes what TempDir has created.
func (g *Group) RemoveDir(dir string) {
	_ = os.RemoveAll(dir) // the guardian does not get further either
	g.mu.Lock()
	defer g.mu.Unlock()
	g.say(sayUndir, dir)
}
