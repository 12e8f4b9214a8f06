//go:build unix

package action_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nodrop/scenario"
	"nodrop/scenario/action"
	"nodrop/scenario/proc"
)

func TestMain(m *testing.M) {
	if code, handled := proc.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr); handled {
		os.Exit(code)
	}
	goleak.VerifyTestMain(m)
}

func newEnv(t *testing.T) *scenario.Env {
	t.Helper()
	env := &scenario.Env{Processes: &proc.Group{}}
	t.Cleanup(func() {
		if err := env.Processes.Close(); err != nil {
			t.Error(err)
		}
	})
	return env
}

func TestExec(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		action action.Exec
		want   string // expected error
	}{
		"shell":                {action.Exec{Command: action.Command{Shell: "exit 0"}}, ""},
		"argv":                 {action.Exec{Command: action.Command{Argv: []string{"test", "$HOME", "=", "$HOME"}}}, ""},
		"environment":          {action.Exec{Command: action.Command{Shell: `test "$A" = "b c"`, Env: []string{"A=b c"}}}, ""},
		"directory":            {action.Exec{Command: action.Command{Shell: "pwd >here", Dir: dir}}, ""},
		"no directory":         {action.Exec{Command: action.Command{Shell: "pwd", Dir: "/nowhere/x"}}, "dir /nowhere/x: no such file or directory"},
		"file for a directory": {action.Exec{Command: action.Command{Argv: []string{"pwd"}, Dir: "/dev/null"}}, "dir /dev/null: not a directory"},
		"no stdin":             {action.Exec{Command: action.Command{Shell: "cat"}}, ""},
		"exit code":            {action.Exec{Command: action.Command{Shell: "exit 3"}}, "exit status 3"},
		"last words":           {action.Exec{Command: action.Command{Shell: "seq 9; echo; echo no >&2; exit 1"}}, "exit status 1: 8; 9; no"},
		"no text":              {action.Exec{Command: action.Command{Shell: `printf 'a\377b'; exit 1`}}, "exit status 1: a\ufffdb"},
		"much":                 {action.Exec{Command: action.Command{Shell: "seq 100000; exit 1"}}, "exit status 1: 99998; 99999; 100000"},
		"not there":            {action.Exec{Command: action.Command{Argv: []string{"/nowhere/x"}}}, "fork/exec /nowhere/x: no such file or directory"},
		"timeout":              {action.Exec{Command: action.Command{Shell: "echo so far; sleep 1000 & wait"}, Timeout: 3 * time.Second}, "still running after 3s: killed: so far"},
		"left behind":          {action.Exec{Command: action.Command{Shell: "sleep 3 &"}}, ""},
		"killed by itself":     {action.Exec{Command: action.Command{Shell: "kill -9 $$"}}, "signal: killed"},
		"nothing":              {action.Exec{}, "no command given"},
	} {
		t.Run(name, func(t *testing.T) {
			env := newEnv(t)
			for range 2 { // twice, because scenarios repeat
				got := ""
				if err := tc.action.Run(t.Context(), env); err != nil {
					got = err.Error()
				}
				if got != tc.want {
					t.Errorf("got %q; want %q", got, tc.want)
				}
				if err := tc.action.Undo(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	if text, err := os.ReadFile(filepath.Join(dir, "here")); err != nil || !strings.Contains(string(text), filepath.Base(dir)) {
		t.Errorf("%v: the command was run in %s; want %s", err, text, dir)
	}
}

// TestExecLeavesTheBackgroundBe: a background process outlives its command,
// even if it continues to print.
func TestExecLeavesTheBackgroundBe(t *testing.T) {
	dir := t.TempDir()
	e := action.Exec{Command: action.Command{Shell: "(until test -e over; do sleep 0.01; done; echo printed && echo >alive) &", Dir: dir}}
	if err := e.Run(t.Context(), newEnv(t)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "over"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	awaitFile(t, filepath.Join(dir, "alive"))
}

func awaitFile(t *testing.T, name string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(name); err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("no %s", name)
		}
	}
}

// TestExecInterrupted: the command and its descendants are killed, and the
// error is the context's.
func TestExecInterrupted(t *testing.T) {
	env := newEnv(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	begun := filepath.Join(t.TempDir(), "begun")
	done := make(chan error)
	go func() {
		e := action.Exec{Command: action.Command{Shell: "sleep 1000 & echo >" + begun + "; wait"}}
		done <- e.Run(ctx, env)
	}()
	awaitFile(t, begun)
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
