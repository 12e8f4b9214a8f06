package scenario

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSteps: the effect of signals in different orders and intervals.
func TestSteps(t *testing.T) {
	type sent struct {
		signal os.Signal
		after  time.Duration
	}
	const apart = time.Second
	for name, tc := range map[string]struct {
		sent []sent
		want string // stop, skip, exit
	}{
		"Ctrl-C once":                   {[]sent{{os.Interrupt, apart}}, "stop"},
		"twice":                         {[]sent{{os.Interrupt, apart}, {os.Interrupt, apart}}, "stop skip"},
		"three times":                   {[]sent{{os.Interrupt, apart}, {os.Interrupt, apart}, {os.Interrupt, apart}}, "stop skip exit"},
		"SIGTERM from timeout(1)":       {[]sent{{syscall.SIGTERM, apart}, {syscall.SIGTERM, 0}}, "stop"},
		"one after the other":           {[]sent{{syscall.SIGTERM, apart}, {syscall.SIGTERM, twin}, {syscall.SIGTERM, twin}}, "stop skip exit"},
		"three kinds at once":           {[]sent{{syscall.SIGTERM, apart}, {os.Interrupt, 0}, {syscall.SIGQUIT, 0}}, "stop skip exit"},
		"a terminal goes":               {[]sent{{syscall.SIGHUP, apart}, {syscall.SIGHUP, apart}, {syscall.SIGHUP, apart}}, "stop"},
		"a terminal goes, then SIGTERM": {[]sent{{syscall.SIGHUP, apart}, {syscall.SIGTERM, apart}, {syscall.SIGHUP, apart}}, "stop skip"},
		"Ctrl-C, then a terminal goes":  {[]sent{{os.Interrupt, apart}, {syscall.SIGHUP, apart}}, "stop"},
	} {
		t.Run(name, func(t *testing.T) {
			var did []string
			i := NewInterrupts(func(line string) {
				if line == "skipping the wait" {
					did = append(did, "skip")
				}
			}, func(bool, []string) { did = append(did, "exit") })
			i.Begin()
			at := time.Now()
			for _, s := range tc.sent {
				at = at.Add(s.after)
				i.take(s.signal, at)
				if i.ctx.Err() != nil && len(did) == 0 {
					did = append(did, "stop")
				}
			}
			if diff := cmp.Diff(tc.want, strings.Join(did, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestWaiting: an interrupted run says what it waits for, for how long, and what it
// restores then.
func TestWaiting(t *testing.T) {
	for _, tc := range []struct {
		inFlight int64
		bound    time.Duration
		restore  []string
		want     string
	}{
		{1, 5 * time.Second, nil, "interrupted: waiting up to 5s for 1 request in flight; press Ctrl-C again to skip the wait"},
		{12, 80 * time.Second, []string{"deployment/web (scale it to 3)", "the rest"}, "interrupted: waiting up to 1m20s for 12 requests in flight, then restoring deployment/web (scale it to 3), the rest; press Ctrl-C again to skip the wait"},
	} {
		if got := waiting(tc.inFlight, tc.bound, tc.restore); got != tc.want {
			t.Errorf("got %q; want %q", got, tc.want)
		}
	}
}

// TestBeforeBegin: the first signal exits, with nothing to wait for or restore.
func TestBeforeBegin(t *testing.T) {
	exits, begun := 0, true
	i := NewInterrupts(func(string) {}, func(b bool, _ []string) { exits, begun = exits+1, b })
	i.take(os.Interrupt, time.Now())
	if exits != 1 || begun {
		t.Errorf("%d exits, begun %t", exits, begun)
	}
	i = NewInterrupts(func(string) {}, func(bool, []string) { exits++ })
	i.Ignore()
	i.take(os.Interrupt, time.Now())
	if exits != 1 || i.ctx.Err() != nil {
		t.Error("a signal for another process is taken")
	}
}

// TestLastWordsAreLast: once the program exits, nothing more is printed, even if
// a restore begins at this moment.
func TestLastWordsAreLast(t *testing.T) {
	var lines []string
	i := NewInterrupts(func(line string) { lines = append(lines, line) }, nil)
	i.exit = func(bool, []string) { lines = append(lines, "last words") }
	i.Begin()
	at := time.Now()
	for range 3 {
		at = at.Add(time.Second)
		i.take(os.Interrupt, at)
	}
	i.Say("restoring: replicas")
	if diff := cmp.Diff([]string{"skipping the wait", "last words"}, lines); diff != "" {
		t.Error(diff)
	}
}
