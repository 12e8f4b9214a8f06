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

// Interrupts ends a run early. Each signal goes one step further:
//
//  1. nodrop starts nothing new, waits for requests in flight, restores what was
//     changed, and writes the report.
//  2. nodrop stops waiting, but still restores what was changed.
//  3. The program exits at once, and names what it has not restored.
//
// Before Begin there is nothing to wait for or to restore, so the first signal
// exits at once.
type Interrupts struct {
	exit func(begun bool, left []string)

	ledger ledger
	ctx    context.Context
	cancel context.CancelFunc
	skip   chan struct{}

	speaking sync.Mutex        // guards print, and is held while it prints
	print    func(line string) // nil once the program exits: its last words stay the last

	mu      sync.Mutex // guards all below
	begun   bool
	ignored bool
	steps   int
	last    os.Signal
	lastAt  time.Time
}

// NewInterrupts returns Interrupts that report through say what is being waited
// for or restored. exit ends the program; left is what it does not restore.
func NewInterrupts(say func(line string), exit func(begun bool, left []string)) *Interrupts {
	i := &Interrupts{print: say, exit: exit, skip: make(chan struct{})}
	i.ctx, i.cancel = context.WithCancel(context.Background())
	return i
}

// Context returns a context that ends with the first signal.
func (i *Interrupts) Context() context.Context { return i.ctx }

// Begin declares that from now on there may be something to wait for or to
// restore.
func (i *Interrupts) Begin() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.begun = true
}

// Ignore ignores signals from now on, for a program whose child runs the load:
// the child handles them.
func (i *Interrupts) Ignore() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ignored = true
}

// Listen handles signals until the function it returns is called: Ctrl-C,
// SIGTERM, SIGQUIT and SIGHUP, unless SIGHUP was ignored from the start, as
// under nohup. A closed stdout does not end the program: it counts as an output
// that cannot be written.
func (i *Interrupts) Listen() (stop func()) {
	signals, closed, done := make(chan os.Signal, 8), make(chan os.Signal, 1), make(chan struct{})
	list := []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT}
	if !signal.Ignored(syscall.SIGHUP) {
		list = append(list, syscall.SIGHUP)
	}
	signal.Notify(signals, list...)
	signal.Notify(closed, syscall.SIGPIPE) // signal.Ignore would also apply to children
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

// twin is how close together two equal signals count as one: timeout(1), for
// example, signals the program and then its process group, too.
const twin = 50 * time.Millisecond

// take handles one signal. A closing terminal and its shell may each send
// SIGHUP, so SIGHUP only ever counts as the first signal.
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
		i.Say(skipping(i.ledger.underWay()))
		close(i.skip)
	default:
		i.fallSilent()
		i.exit(begun, i.ledger.left())
	}
}

// Say prints a line unless the program exits at once.
func (i *Interrupts) Say(line string) {
	i.speaking.Lock()
	defer i.speaking.Unlock()
	if i.print != nil {
		i.print(line)
	}
}

// fallSilent waits for the line that is being printed, and is the end of Say.
func (i *Interrupts) fallSilent() {
	i.speaking.Lock()
	defer i.speaking.Unlock()
	i.print = nil
}

func skipping(left []string) string {
	if len(left) == 0 {
		return "skipping the wait"
	}
	return "skipping the wait; still restoring: " + strings.Join(left, ", ") + "; press Ctrl-C again to exit without restoring"
}
