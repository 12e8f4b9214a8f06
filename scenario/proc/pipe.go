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

// shownLines is how many of a guardian's last lines an error of its start shows.
const shownLines = 3

// Said returns the last lines that a guardian wrote to stderr, oldest first;
// nothing for other processes.
func (p *Process) Said() []string { return p.said.Lines() }

// Guard starts the guardian, unless it is running, and returns once it guards.
// Every other way to start a process does so, too, but cannot be interrupted:
// callers that can be call Guard first. A guardian that has exited is replaced.
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
	case isClosed(g.guardian.exited):
		return g.replaceGuardian(ctx)
	}
	return nil
}

// replaceGuardian tells a new guardian what the old one knew. The old one's
// process group becomes one of those that the new one kills. It requires the
// lock.
func (g *Group) replaceGuardian(ctx context.Context) error {
	if err := g.startGuardian(ctx); err != nil {
		return err
	}
	g.told.repeat(g.send)
	for _, group := range g.members {
		g.say(sayLeader, group)
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
	c := &Child{
		Name: "guardian", Cmd: cmd,
		Stdout: func(_ *Process, line string) {
			if line == guardianReady {
				ready()
			}
		},
		Stderr: func(p *Process, line string) { p.said.Add(line) },
	}
	p, err := c.launch(func(*Process) error { return cmd.Start() }, func(*Process) {})
	if err != nil {
		_ = pipe.Close()
		return err
	}
	if err := awaitGuardian(ctx, p, guards); err != nil {
		discard(p, pipe)
		if lines := p.Said(); len(lines) > 0 && ctx.Err() == nil {
			err = fmt.Errorf("%w: %s", err, strings.Join(lines[max(0, len(lines)-shownLines):], "; "))
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
	if await(ctx, guardian.exited) != nil {
		discard(guardian, pipe) // the program does not behave as a guardian
	}
	awaitOutput(guardian)
	return err
}

// awaitOutput waits until the output of a guardian that has exited is read,
// unless another process holds it open.
func awaitOutput(guardian *Process) {
	ctx, cancel := context.WithTimeout(context.Background(), discardBound)
	defer cancel()
	_ = await(ctx, guardian.Ended)
}

// discardBound limits the wait for a killed guardian to exit.
const discardBound = time.Second

// discard kills a guardian that guards nothing, or not as it should.
func discard(guardian *Process, pipe io.Closer) {
	guardian.Ask()
	_ = pipe.Close()
	if !isClosed(guardian.exited) {
		killGroupOf(guardian.PID())
	}
	ctx, cancel := context.WithTimeout(context.Background(), discardBound)
	defer cancel()
	_ = await(ctx, guardian.exited)
}

// say sends the guardian a message. The caller must hold the lock. Write errors
// do not matter: they mean that the guardian is gone, and the next one is told.
func (g *Group) say(word string, arg any) {
	if g.guardian != nil && !g.closed {
		g.told.hear(word, fmt.Sprint(arg))
		g.send(word, arg)
	}
}

func (g *Group) send(word string, arg any) { _, _ = fmt.Fprintln(g.pipe, word, arg) }

// tell is say for what the guardian must know before we go on: if it has just
// crashed, it is replaced. The caller must hold the lock.
func (g *Group) tell(word string, arg any) error {
	g.told.hear(word, fmt.Sprint(arg))
	if _, err := fmt.Fprintln(g.pipe, word, arg); err == nil {
		return nil
	}
	_ = g.guardian.Send(os.Kill) // it has exited, or does not listen any more
	ctx, cancel := context.WithTimeout(context.Background(), discardBound)
	defer cancel()
	if err := await(ctx, g.guardian.exited); err != nil {
		return fmt.Errorf("guardian: %w", err)
	}
	return g.needGuardian(context.Background())
}

// TempDir creates a directory that does not outlive us.
func (g *Group) TempDir(pattern string) (string, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := g.needGuardian(context.Background()); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", pattern)
	if err != nil {
		return "", fmt.Errorf("temporary directory: %w", err)
	}
	g.say(sayDir, dir)
	return dir, nil
}

// RemoveDir removes what TempDir has created. If it cannot, because a process
// still writes to it, the guardian removes it at the end.
func (g *Group) RemoveDir(dir string) {
	if os.RemoveAll(dir) != nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.say(sayUndir, dir)
}
