//go:build linux

package loop

import (
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/stall"
)

// lingerers are connections whose last response is whole and whose peer is to
// close first. Their slots have gone on to the next request: how long a peer
// takes is no part of any.
type lingerers struct {
	list      []lingerer
	free      int32 // the first that is not in use; none if all are
	deadlines queue // by index of list
}

// lingerer is one of them.
type lingerer struct {
	fd         int32
	generation int32
	next       int32 // free one
}

func newLingerers(most int, bound int64, stalls *stall.Spans) lingerers {
	l := lingerers{list: make([]lingerer, most), deadlines: newQueue(most, bound, stalls)}
	for i := range l.list {
		l.list[i].next = int32(i) + 1
	}
	l.list[most-1].next = none
	return l
}

// linger leaves sl's connection to its peer to close. Where too many are left
// already, the oldest is closed in its place: it is the least likely to be
// closed by its peer in time.
func (s *Shard) linger(sl *slot) {
	l := &s.lingerers
	if l.free == none {
		s.closeOldest()
	}
	i := l.free
	l.free = l.list[i].next
	l.list[i] = lingerer{fd: sl.fd, generation: sl.generation}
	l.deadlines.push(i, sl.arrived+s.cfg.FINBound)
	s.owners[sl.fd] = ^i
	more := sl.rested
	sl.part()
	if more {
		s.lookAt(i) // what the last read left there makes no new event
	}
}

// handleLingering is an event of a connection that its slot has left.
func (s *Shard) handleLingering(i int32, ev *unix.EpollEvent) {
	if one := &s.lingerers.list[i]; one.fd == ev.Fd && one.generation == ev.Pad {
		s.lookAt(i)
	}
}

// lookAt sees whether the peer has closed.
func (s *Shard) lookAt(i int32) {
	n, errno := sysRead(s.lingerers.list[i].fd, s.buf)
	switch {
	case errno == unix.EAGAIN:
		return
	case errno == 0 && n > 0:
		s.driver.Count(Surplus)
	default:
		s.driver.Count(Waited)
	}
	s.lingerers.deadlines.remove(i)
	s.closeLingering(i)
}

// giveUpOn closes a connection that its peer has not, and that is in no queue.
func (s *Shard) giveUpOn(i int32) {
	s.driver.Count(Ours)
	s.closeLingering(i)
}

// closeOldest closes the one that has been waited for longest; false if there
// is none.
func (s *Shard) closeOldest() bool {
	i := s.lingerers.deadlines.due(1<<63 - 1)
	if i == none {
		return false
	}
	s.giveUpOn(i)
	return true
}

func (s *Shard) closeLingering(i int32) {
	l := &s.lingerers
	sysClose(l.list[i].fd)
	l.list[i] = lingerer{fd: none, next: l.free}
	l.free = i
}

// socket makes a socket. A request must not go without one for the sake of
// connections that have done their work; those of other Shards are out of reach.
func (s *Shard) socket(family int) (int32, syscall.Errno) {
	fd, errno := sysSocket(family)
	for (errno == unix.EMFILE || errno == unix.ENFILE) && s.closeOldest() {
		fd, errno = sysSocket(family)
	}
	return fd, errno
}
