package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// Command is a program to run, or a line for the shell; one of the two is set.
type Command struct {
	Argv  []string
	Shell string   // for sh -c (cmd /c on Windows)
	Env   []string // NAME=value, added to our own environment
	Dir   string   // "" is ours
	Title string   // what texts call it; "" is the command itself
}

func (c *Command) String() string {
	if c.Title != "" {
		return c.Title
	}
	if c.Shell != "" {
		return c.Shell
	}
	return strings.Join(c.Argv, " ")
}

// cmd makes the command, with /dev/null for its stdin.
func (c *Command) cmd() (*exec.Cmd, error) {
	argv := c.Argv
	if c.Shell != "" {
		argv = []string{"sh", "-c", c.Shell}
		if runtime.GOOS == "windows" {
			argv = []string{"cmd", "/v:on", "/c", c.Shell}
			if !strings.Contains(c.Shell, "!"+variablePrefix) { // see Line
				argv = slices.Delete(argv, 1, 2)
			}
		}
	}
	if len(argv) == 0 {
		return nil, errors.New("no command given")
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // its whole group is killed, not it alone
	cmd.Dir = c.Dir
	if len(c.Env) > 0 {
		cmd.Env = append(os.Environ(), c.Env...)
	}
	return cmd, nil
}

// Exec runs a command and waits for its end. Any exit code but 0 is an error
// that shows the end of its output. What the command left in the background is
// its own affair: a script may restart what is to go on.
type Exec struct {
	Command
	Timeout time.Duration // 0: ten minutes; the command's process group is killed then
	UndoBy  *Exec         // puts back what the command changed
	// Still prints what the command changed. It is run after the command and
	// before UndoBy; when the two outputs differ, someone else has changed it
	// since, and it is told and left as it is.
	Still *Exec

	undo      undoing
	processes *proc.Group
}

const execTimeout = 10 * time.Minute

// Run runs the command. When ctx ends, its process group is killed.
func (e *Exec) Run(ctx context.Context, env *scenario.Env) error {
	e.processes = env.Processes
	_, err := e.run(ctx, env.Processes)
	e.undo.after(ctx, e.Still.ask(env.Processes))
	if err == nil && e.undo.leftErr != nil {
		return fmt.Errorf("%s: %w", e.Still, e.undo.leftErr)
	}
	return err
}

// ask is nil for no command.
func (e *Exec) ask(processes *proc.Group) ask {
	if e == nil {
		return nil
	}
	return func(ctx context.Context) ([]byte, error) { return e.run(ctx, processes) }
}

// run returns what the command printed, its first megabyte.
func (e *Exec) run(ctx context.Context, processes *proc.Group) ([]byte, error) {
	cmd, err := e.cmd()
	if err != nil {
		return nil, err
	}
	out, err := newOutput()
	if err != nil {
		return nil, err
	}
	defer out.close()
	cmd.Stdout, cmd.Stderr = out.file, out.file
	if err := processes.Start(cmd); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		processes.Done(cmd)
		ended <- err
	}()
	limit := e.Timeout
	if limit == 0 {
		limit = execTimeout
	}
	timeout := time.NewTimer(limit)
	defer timeout.Stop()
	select {
	case err = <-ended:
	case <-ctx.Done():
		proc.KillGroup(cmd)
		if err = <-ended; err != nil { // it may just have ended well
			return nil, ctx.Err()
		}
	case <-timeout.C:
		proc.KillGroup(cmd)
		if err = <-ended; err != nil {
			err = fmt.Errorf("not done after %v, killed", limit)
		}
	}
	if err == nil {
		return io.ReadAll(io.NewSectionReader(out.file, 0, maxBody))
	}
	return nil, out.failed(err, "")
}

// Undoes is UndoBy.
func (e *Exec) Undoes(acted bool) (what string, ends bool) {
	if e.UndoBy == nil || acted && !e.undo.acted {
		return "", false
	}
	return e.UndoBy.String(), false
}

// Undo runs UndoBy, if what the command changed is still as it was left. Without
// UndoBy it does nothing: only whoever wrote the command knows what it changed.
func (e *Exec) Undo(ctx context.Context) error {
	what := e.String()
	if e.Still != nil {
		what = "what " + e.Still.String() + " tells of"
	}
	err := e.undo.back(ctx, what, e.Still.ask(e.processes), e.UndoBy.ask(e.processes))
	if err != nil && e.Still == nil {
		return fmt.Errorf("%s: %w", e.UndoBy, err)
	}
	return err
}
