//go:build linux

package loop

import (
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/loop/tlsconn"
)

// lingerers are connections whose last response is whole and whose peer must
// close first. Their slots have gone on to the next request: the time that a
// peer takes to close belongs to no request.
type lingerers struct {
	list      []lingerer
	free      int32 // the first unused entry; none if all are in use
	deadlines queue // indexed like list
}

type lingerer struct {
	link
	goodbye bool  // the peer's close_notify has come and is counted; its FIN follows
	talks   bool  // the peer may send something before it closes, as HTTP/2 does
	next    int32 // the next unused entry
}

func newLingerers(most int, bound int64, lag *lag) lingerers {
	l := lingerers{list: make([]lingerer, most), deadlines: newQueue(most, bound, lag)}
	for i := range l.list {
		l.list[i].unlink()
		l.list[i].next = int32(i) + 1
	}
	l.list[most-1].next = none
	return l
}

// linger leaves sl's connection for its peer to close. If there is no room for
// another one, it closes the oldest: that one is the least likely to be closed
// by its peer in time.
func (s *Shard) linger(sl *slot) {
	more := sl.rested
	i := s.leave(&sl.link, sl.arrived, false)
	if more {
		s.lookAt(i) // what the last read left unread makes no new event
	}
}

// leave makes a connection a lingerer, whose time begins at now.
func (s *Shard) leave(from *link, now int64, talks bool) (index int32) {
	l := &s.lingerers
	if l.free == none {
		s.closeOldest()
	}
	i := l.free
	l.free = l.list[i].next
	l.list[i].link, l.list[i].talks = *from, talks
	l.deadlines.push(i, now+s.cfg.FINBound)
	s.give(from, owner{ownedByLingerer, i})
	from.unlink()
	return i
}

func (s *Shard) handleLingering(i int32, ev *unix.EpollEvent) {
	if one := &s.lingerers.list[i]; one.means(ev) {
		one.notice(ev.Events)
		s.lookAt(i)
	}
}

// lookAt checks whether the peer has closed.
func (s *Shard) lookAt(i int32) {
	l := &s.lingerers.list[i]
	if !l.goodbye {
		n, err := l.receive(s.buf)
		for l.talks && err == nil && n > 0 {
			n, err = l.receive(s.buf)
		}
		switch {
		case err == tlsconn.ErrWait: //nolint:errorlint // not wrapped
			return
		case err == nil && n > 0:
			s.driver.Count(Surplus)
		default:
			s.driver.Count(Waited)
			l.goodbye = l.saidGoodbye()
		}
	}
	if l.goodbye && !l.finished(s.buf) {
		return
	}
	s.lingerers.deadlines.remove(i)
	s.closeLingering(i)
}

// giveUpOn closes a connection that its peer has not closed. It must already be
// out of the queue.
func (s *Shard) giveUpOn(i int32) {
	if !s.lingerers.list[i].goodbye {
		s.driver.Count(Ours)
	}
	s.closeLingering(i)
}

// closeOldest closes the connection that has lingered longest. It returns false
// if there is none.
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
	s.close(&l.list[i].link)
	l.list[i].goodbye, l.list[i].next = false, l.free
	l.free = i
}

// socket makes a socket. If the descriptors are used up, it closes lingering
// connections, since a request is worth more than they are. It cannot reach
// those of other Shards.
func (s *Shard) socket(family int) (int32, syscall.Errno) {
	fd, errno := sysSocket(family)
	for (errno == unix.EMFILE || errno == unix.ENFILE) && s.closeOldest() {
		fd, errno = sysSocket(family)
	}
	return fd, errno
}
