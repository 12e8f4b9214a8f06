package action

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"nodrop/scenario"
)

// Command is a program to run, or a line for the shell; one of the two is set.
type Command struct {
	Argv  []string
	Shell string   // for sh -c (cmd /c on Windows)
	Env   []string // NAME=value, added to our own environment
	Dir   string   // "" is ours
}

func (c *Command) String() string {
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
			argv = []string{"cmd", "/c", c.Shell}
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
}

const execTimeout = 10 * time.Minute

// Run runs the command. When ctx ends, its process group is killed.
func (e *Exec) Run(ctx context.Context, env *scenario.Env) error {
	cmd, err := e.cmd()
	if err != nil {
		return err
	}
	out, err := newOutput()
	if err != nil {
		return err
	}
	defer out.close()
	cmd.Stdout, cmd.Stderr = out.file, out.file
	if err := env.Processes.Start(cmd); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		env.Processes.Done(cmd)
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
		env.Processes.Kill(cmd)
		if err = <-ended; err != nil { // it may just have ended well
			return ctx.Err()
		}
	case <-timeout.C:
		env.Processes.Kill(cmd)
		if err = <-ended; err != nil {
			err = fmt.Errorf("not done after %v, killed", limit)
		}
	}
	if err == nil {
		return nil
	}
	if last := out.tail(); last != "" {
		return fmt.Errorf("%w: %s", err, last)
	}
	return err
}

// Undo does nothing: only whoever wrote the command knows what it changed.
func (e *Exec) Undo(context.Context) error { return nil }
