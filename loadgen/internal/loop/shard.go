//go:build linux

package loop

import (
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/stall"
)

const (
	maxEvents  = 128      // per epoll_wait: an event late in the list waits for those before it
	maxReads   = 16       // of one slot in a row, so that an endless response does not stop the others
	maxStarts  = 64       // of slots in line between two polls for events
	bufferSize = 64 << 10 // bytes that one read can take
)

// Config is the configuration that all slots of a Shard share. Times are in ns.
type Config struct {
	Slots          int
	Request        Request // what every slot sends
	Timeout        int64   // of a request; 0 = none
	ConnectTimeout int64   // of one connection; 0 = none
	FINBound       int64   // how long a peer that must close first may take
	Lingering      int     // how many connections may wait for that at a time, at least 1
	KeepAlive      bool    // connections carry more than one request
	TLS            bool    // connections are secured by Driver.Secure
	Capture        []string
}

// Shard runs a set of slots on one thread.
type Shard struct {
	cfg    Config
	driver Driver
	base   time.Time
	epoll  int32
	wakeFD int32

	slots    []slot
	owners   []owner // by descriptor
	made     int32   // connections so far
	live     int     // slots that are not retired
	line     line
	agenda   agenda // when waiting slots are due
	requests queue  // deadlines of requests
	connects queue  // deadlines of connections being made

	lingerers lingerers
	shaking   shaking

	lag    lag
	stood  bool // a stall was noticed since the last poll began
	behind int  // how many more polls expire waits for at most

	waiter   waiter
	events   [maxEvents]unix.EpollEvent
	buf      []byte
	stopping bool
	aborting bool

	mail mailbox
}

// mailbox holds the commands of other goroutines to a Shard.
type mailbox struct {
	mu       sync.Mutex // guards what follows
	stop     bool
	abort    bool
	closed   bool
	returned []int
}

// New makes a Shard. It fails only if the machine lacks resources.
func New(cfg Config, driver Driver) (*Shard, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		_ = unix.Close(epoll)
		return nil, os.NewSyscallError("eventfd", err)
	}
	s := &Shard{
		cfg: cfg, driver: driver, epoll: int32(epoll), wakeFD: int32(wake),
		slots: make([]slot, cfg.Slots), live: cfg.Slots,
		line: newLine(cfg.Slots), buf: make([]byte, bufferSize),
	}
	s.requests = newQueue(cfg.Slots, cfg.Timeout, &s.lag)
	s.connects = newQueue(cfg.Slots, cfg.ConnectTimeout, &s.lag)
	s.shaking.line = newLine(cfg.Slots)
	s.lingerers = newLingerers(max(1, cfg.Lingering), cfg.FINBound, &s.lag)
	for i := range s.slots {
		s.slots[i].init(s, int32(i))
	}
	ev := unix.EpollEvent{Events: unix.EPOLLIN, Fd: none}
	if errno := sysEpollCtl(s.epoll, unix.EPOLL_CTL_ADD, s.wakeFD, &ev); errno != 0 {
		s.Close()
		return nil, os.NewSyscallError("epoll_ctl", errno)
	}
	return s, nil
}

// Close releases what New acquired. The Shard must not be running.
func (s *Shard) Close() {
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	if s.mail.closed {
		return
	}
	s.mail.closed = true
	_ = unix.Close(int(s.epoll))
	_ = unix.Close(int(s.wakeFD))
}

// Stop makes waiting slots stop waiting: a Driver.Start that has returned false
// will always return false. It is safe for any goroutine.
func (s *Shard) Stop() { s.post(func(m *mailbox) { m.stop = true }) }

// Abort does what Stop does and also ends the requests in flight. It is safe
// for any goroutine.
func (s *Shard) Abort() { s.post(func(m *mailbox) { m.stop, m.abort = true, true }) }

// Return gives a slot back that left the Shard with Leave. It is safe for any
// goroutine.
func (s *Shard) Return(slot int) {
	s.post(func(m *mailbox) { m.returned = append(m.returned, slot) })
}

func (s *Shard) post(letter func(*mailbox)) {
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	letter(&s.mail)
	if s.mail.closed {
		return
	}
	one := [8]byte{0: 1}
	_, _ = unix.Write(int(s.wakeFD), one[:]) // fails only if a wake-up is pending already
}

// Run serves the slots, on its own thread, until Driver.Start has returned
// false for each of them. It then waits until the connections that peers must
// close are closed. Times count from base; over is when the last request ended.
func (s *Shard) Run(base time.Time) (over int64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s.base = base
	now := s.now()
	s.lag.beat(now, 0)
	for i := range s.slots {
		s.await(&s.slots[i], s.driver.First(i), now)
	}
	for s.live > 0 {
		s.startThoseInLine()
		s.shakeThoseInLine()
		if s.live > 0 {
			s.serve()
		}
	}
	over = s.now()
	for s.lingerers.deadlines.first != none {
		s.serve()
	}
	s.shaking.handshakers.Close()
	s.driver.Over(s.lag.shaking)
	return over
}

// now is the time in ns since the run's start. It reads the clock once.
func (s *Shard) now() int64 { return int64(time.Since(s.base)) }

// serve handles pending events, or waits for some, and then what is due.
func (s *Shard) serve() {
	n := sysPoll(s.epoll, s.events[:])
	if n == 0 && s.line.count+s.shaking.line.count == 0 && s.behind == 0 {
		if ns, ok := s.untilDue(s.now()); ok {
			n = s.waiter.wait(s.epoll, s.events[:], ns)
			s.beat(s.now(), ns)
		}
	}
	for i := range s.events[:n] {
		s.handle(&s.events[i])
	}
	now := s.now()
	s.beat(now, 0)
	stood := s.stood
	s.stood = false
	if s.caughtUp(n < len(s.events), stood) {
		s.expire(now)
	}
}

// untilDue is how long it takes until something is due, at most stall.Rest. ok
// is false if something is due now.
func (s *Shard) untilDue(now int64) (ns int64, ok bool) {
	ns = stall.Rest
	earlier := func(at int64, set bool) {
		if left := max(at-now, 0); set && left < ns {
			ns = left
		}
	}
	earlier(s.requests.next())
	earlier(s.connects.next())
	earlier(s.lingerers.deadlines.next())
	earlier(s.agenda.next())
	return ns, ns != 0
}

func (s *Shard) handle(ev *unix.EpollEvent) {
	if ev.Fd == none {
		s.readMail()
		return
	}
	switch to := s.owners[ev.Fd]; to.kind {
	case ownedBySlot:
		s.handleSlot(&s.slots[to.index], ev)
	case ownedByLingerer:
		s.handleLingering(to.index, ev)
	}
}

func (s *Shard) handleSlot(sl *slot, ev *unix.EpollEvent) {
	if !sl.means(ev) {
		return // the event of a connection that was closed meanwhile
	}
	arrived := sl.notice(ev.Events)
	switch sl.state {
	case connecting:
		sl.readable = arrived
		s.attempt(sl)
	case writing:
		sl.readable = sl.readable || arrived
		s.resume(sl)
	case reading:
		if arrived {
			s.read(sl)
		}
	case securing:
		s.pushShaking(sl)
	case inLine, waiting:
		sl.stale = sl.stale || arrived && sl.secure == nil // over TLS it may be a session ticket
	case away, retired:
	}
}

// expire times out what has taken too long, and puts waiting slots that are due
// in line.
func (s *Shard) expire(now int64) {
	for i := s.requests.due(now); i != none; i = s.requests.due(now) {
		s.timeOut(&s.slots[i], true)
	}
	for i := s.connects.due(now); i != none; i = s.connects.due(now) {
		s.timeOut(&s.slots[i], false)
	}
	for i := s.lingerers.deadlines.due(now); i != none; i = s.lingerers.deadlines.due(now) {
		s.giveUpOn(i)
	}
	for i := s.agenda.due(now); i != none; i = s.agenda.due(now) {
		s.enqueue(&s.slots[i])
	}
}

// startThoseInLine gives slots in line their turn. It limits how many, so that
// the responses to the first do not wait for the last.
func (s *Shard) startThoseInLine() {
	for range min(s.line.count, maxStarts) {
		sl := &s.slots[s.line.pop()]
		sl.queued = false
		switch sl.state {
		case inLine:
			sl.rested = true
			s.begin(sl)
		case writing:
			s.resume(sl)
		case reading:
			s.read(sl)
		default: // its request ended meanwhile
		}
	}
}

func (s *Shard) enqueue(sl *slot) {
	sl.state = inLine
	s.push(sl)
}

func (s *Shard) push(sl *slot) {
	if !sl.queued {
		sl.queued = true
		s.line.push(sl.index)
	}
}

func (s *Shard) await(sl *slot, due, now int64) {
	sl.due = due
	if due <= now || s.stopping {
		s.enqueue(sl)
		return
	}
	sl.state = waiting
	s.agenda.push(sl.index, due)
}

func (s *Shard) retire(sl *slot) {
	s.close(&sl.link)
	sl.state = retired
	s.live--
}

func (s *Shard) readMail() {
	s.mail.mu.Lock()
	var count [8]byte
	_, _ = unix.Read(int(s.wakeFD), count[:])
	stop, abort, returned := s.mail.stop, s.mail.abort, s.mail.returned
	s.mail.returned = nil
	s.mail.mu.Unlock()
	for _, i := range returned {
		s.driver.Returned(i)
		s.free(&s.slots[i])
	}
	if stop && !s.stopping {
		s.stopping = true
		for i := s.agenda.due(1<<63 - 1); i != none; i = s.agenda.due(1<<63 - 1) {
			s.retire(&s.slots[i])
		}
	}
	if abort && !s.aborting {
		s.aborting = true
		s.abortAll()
	}
}

func (s *Shard) abortAll() {
	now := s.now()
	for i := range s.slots {
		sl := &s.slots[i]
		switch sl.state {
		case connecting, securing, writing, reading:
			sl.x.End = now
			sl.cut = sl.cut || sl.state == writing
			s.leaveQueues(sl)
			s.driver.Aborted(&sl.x)
			s.retire(sl)
		case inLine: // begin will retire it
		case waiting, away, retired:
		}
	}
	for s.closeOldest() {
	}
}

func (s *Shard) leaveQueues(sl *slot) {
	s.requests.remove(sl.index)
	s.connects.remove(sl.index)
}
