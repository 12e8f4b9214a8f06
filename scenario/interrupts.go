package scenario

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Interrupts end a run from outside, a step a signal:
//
//  1. Nothing is started any more. What is in flight is waited for, then what was
//     changed is restored, and the report is made.
//  2. Nothing is waited for. What was changed is restored all the same.
//  3. The program exits at once. What is not restored is named.
//
// Before Begin there is nothing to wait for or to restore, and the first one
// exits at once.
type Interrupts struct {
	say  func(line string)
	exit func(begun bool, left []string)

	ledger ledger
	ctx    context.Context
	cancel context.CancelFunc
	skip   chan struct{}

	mu      sync.Mutex // guards all below
	begun   bool
	ignored bool
	steps   int
	last    os.Signal
	lastAt  time.Time
}

// NewInterrupts makes them. say gets what is waited for and what is being
// restored; exit ends the program, and left is what it leaves as it is.
func NewInterrupts(say func(line string), exit func(begun bool, left []string)) *Interrupts {
	i := &Interrupts{say: say, exit: exit, skip: make(chan struct{})}
	i.ctx, i.cancel = context.WithCancel(context.Background())
	return i
}

// Context ends with the first signal.
func (i *Interrupts) Context() context.Context { return i.ctx }

// Begin says that from here on there may be something to wait for or to restore.
func (i *Interrupts) Begin() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.begun = true
}

// Ignore is for a program whose child has the load: signals are handed to it.
func (i *Interrupts) Ignore() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ignored = true
}

// Listen takes signals until the function it returns is called: Ctrl-C, SIGTERM,
// SIGQUIT, and, unless it was ignored from the start, as under nohup, SIGHUP. A
// closed stdout ends nothing: it is an output that cannot be written.
func (i *Interrupts) Listen() (stop func()) {
	signals, closed, done := make(chan os.Signal, 8), make(chan os.Signal, 1), make(chan struct{})
	list := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	signal.Notify(signals, list...)
	signal.Notify(closed, syscall.SIGPIPE) // signal.Ignore would hold for children, too
	go func() {
		defer close(done)
		for s := range signals {
			i.take(s, time.Now())
		}
	}()
	return func() {
		signal.Stop(signals)
		signal.Stop(closed)
		close(signals)
		<-done
		i.cancel()
	}
}

// twin is how close together two signals of a kind are one: timeout(1), for
// one, sends its signal to the program and again to the program's group.
const twin = 50 * time.Millisecond

// take is for one signal. A terminal that goes may send SIGHUP several times, by
// itself and by its shell: it is never more than the first step.
func (i *Interrupts) take(s os.Signal, at time.Time) {
	i.mu.Lock()
	if i.ignored || i.steps > 0 && (s == syscall.SIGHUP || s == i.last && at.Sub(i.lastAt) < twin) {
		i.mu.Unlock()
		return
	}
	i.steps++
	i.last, i.lastAt = s, at
	step, begun := i.steps, i.begun
	if !begun {
		step = 3
	}
	i.mu.Unlock()
	switch step {
	case 1:
		i.cancel()
	case 2:
		i.say(skipping(i.ledger.underWay()))
		close(i.skip)
	default:
		i.exit(begun, i.ledger.left())
	}
}

func skipping(left []string) string {
	if len(left) == 0 {
		return "skipping the wait"
	}
	return "skipping the wait; still restoring: " + strings.Join(left, ", ") + "; Ctrl-C again exits without restoring"
}
