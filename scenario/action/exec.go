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
	"syscall"
	"time"

	"nodrop/scenario"
	"nodrop/scenario/proc"
)

// Command is a program to run or a line for the shell. Exactly one of Argv and
// Shell is set.
type Command struct {
	Argv  []string
	Shell string   // run by sh -c (cmd /c on Windows)
	Env   []string // NAME=value, added to nodrop's environment
	Dir   string   // "" is nodrop's
	Title string   // the name in messages; "" is the command itself
}

func (c *Command) String() string {
	if c.Title != "" {
		return c.Title
	}
	return c.Runs()
}

// Runs returns the command itself, whatever its title: it names the products that
// it acts on.
func (c *Command) Runs() string {
	if c.Shell != "" {
		return c.Shell
	}
	return strings.Join(c.Argv, " ")
}

// cmd builds the command, with /dev/null as stdin.
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
	if c.Dir != "" { // the error of a start in a directory that is not there names the program
		if err := isDir(c.Dir); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // its whole group is killed, not it alone
	cmd.Dir = c.Dir
	if len(c.Env) > 0 {
		cmd.Env = append(os.Environ(), c.Env...)
	}
	return cmd, nil
}

func isDir(path string) error {
	info, err := os.Stat(path)
	if reason, ok := errors.AsType[*os.PathError](err); ok {
		err = reason.Err
	}
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return fmt.Errorf("dir %s: %w", path, err)
	}
	return nil
}

// Exec runs a command and waits for it to exit. A nonzero exit code is an error
// that shows the end of the output. Processes that the command leaves in the
// background keep running: a script may restart a service.
type Exec struct {
	Command
	Timeout time.Duration // 0 means ten minutes; then the command's process group is killed
	UndoBy  *Exec         // restores what the command changed
	// Still prints the state that the command changed. It runs after the
	// command and again before UndoBy. If the two outputs differ, someone else
	// has changed the state since: Undo leaves it as it is and reports that.
	Still *Exec

	undo      undoing
	processes *proc.Group
	said      []string     // the last lines that it printed
	tell      scenario.All // of Run, for UndoBy
}

const execTimeout = 10 * time.Minute

// Run runs the command. If ctx ends, it kills the command's process group.
func (e *Exec) Run(ctx context.Context, env *scenario.Env) error {
	e.processes, e.tell = env.Processes, env.Output
	_, err := e.run(ctx, env.Processes, env.Output)
	e.undo.after(ctx, e.Still.ask(env.Processes, nil))
	if err == nil && e.undo.leftErr != nil {
		return fmt.Errorf("%s: %w", e.Still, e.undo.leftErr)
	}
	return err
}

// ask returns nil if e is nil. For tell, see run.
func (e *Exec) ask(processes *proc.Group, tell scenario.All) ask {
	if e == nil {
		return nil
	}
	return func(ctx context.Context) ([]byte, error) { return e.run(ctx, processes, tell) }
}

// Said returns the last lines that the command printed.
func (e *Exec) Said() []string { return e.said }

// run returns the first megabyte of the command's output. tell gets all of it,
// after the end, unless it is nil.
func (e *Exec) run(ctx context.Context, processes *proc.Group, tell scenario.All) ([]byte, error) {
	e.said = nil
	cmd, err := e.cmd()
	if err != nil {
		return nil, err
	}
	out, err := newOutput()
	if err != nil {
		return nil, err
	}
	defer func() {
		e.said = out.tail()
		if tell == nil {
			out.close()
			return
		}
		tell(e.String(), out.handOver())
	}()
	cmd.Stdout, cmd.Stderr = out.file, out.file
	if _, err := processes.Guard(ctx); err != nil { // Start could not be interrupted
		return nil, err
	}
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
		if err = <-ended; err != nil { // it may have succeeded just before
			return nil, ctx.Err()
		}
	case <-timeout.C:
		proc.KillGroup(cmd)
		if err = <-ended; err != nil {
			err = fmt.Errorf("still running after %v: killed", limit)
		}
	}
	if err == nil {
		return io.ReadAll(io.NewSectionReader(out.file, 0, maxBody))
	}
	return nil, out.failed(err, "")
}

// Undoes describes UndoBy.
func (e *Exec) Undoes(acted bool) (what string, ends bool) {
	if e.UndoBy == nil || acted && !e.undo.acted {
		return "", false
	}
	return e.UndoBy.String(), false
}

// Undo runs UndoBy if the state is still as the command left it. Without UndoBy
// it does nothing: only the author of the command knows what it changed.
func (e *Exec) Undo(ctx context.Context) error {
	what := e.String()
	if e.Still != nil {
		what = "the output of " + e.Still.String()
	}
	err := e.undo.back(ctx, what, e.Still.ask(e.processes, nil), e.UndoBy.ask(e.processes, e.tell))
	if err != nil && e.Still == nil {
		return fmt.Errorf("%s: %w", e.UndoBy, err)
	}
	return err
}
