//go:build linux

package loop

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/loop/sysio"
	"nodrop/loadgen/internal/loop/tlsconn"
)

// link is one connection: its socket, what epoll watches and has said of it,
// and what that allows. What goes over it, and for whom, is its owner's matter.
// It may be copied from one owner to another; the Shard must know the owner.
type link struct {
	fd         int32  // -1 without a connection
	generation int32  // of fd: tells its events from those of an earlier connection
	watched    bool   // fd is registered with epoll
	watchOut   bool   // epoll also reports room to write
	used       bool   // has carried a request
	stale      bool   // something arrived between requests
	rested     bool   // time has passed since anything was read from it
	spent      bool   // not to be used for another request
	cut        bool   // part of a request is still unsent
	ends       uint32 // epoll flags that announce its end; they stay set until it is closed
	urgent     bool   // it has carried urgent data, which makes reads short

	secure *tlsconn.Conn // nil over cleartext
}

// receive reads what has arrived. n is 0 without an error at the end of what the
// peer sends. The error tlsconn.ErrWait means that nothing has arrived.
func (l *link) receive(b []byte) (n int, err error) {
	if l.secure != nil {
		return l.secure.Read(b)
	}
	return l.readSocket(b)
}

func (l *link) readSocket(b []byte) (n int, err error) {
	n, errno := sysio.Read(l.fd, b)
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, tlsconn.ErrWait
	}
	return 0, os.NewSyscallError("read", errno)
}

// saidGoodbye reports whether what ended reading was close_notify, and responds
// to it: the peer may wait for that before it closes.
func (l *link) saidGoodbye() bool {
	if l.secure == nil || !l.secure.Closed() {
		return false
	}
	l.secure.End(l.cut)
	return true
}

// finished reports whether the connection of a peer that said goodbye is closed.
func (l *link) finished(b []byte) bool {
	n, err := l.readSocket(b)
	return n == 0 && err != tlsconn.ErrWait //nolint:errorlint // not wrapped
}

// truncated reports whether the end that was read is a cut: over TLS, an end
// without close_notify (RFC 8446 §6.1). Nothing tells that over cleartext.
func (l *link) truncated() bool { return l.secure != nil && l.secure.Truncated() }

// drained reports whether a read of n bytes, into a buffer of that size, took
// all that had arrived: an event announces what comes next.
func (l *link) drained(n, size int) bool {
	if l.secure != nil {
		return l.secure.Drained()
	}
	return n < size && !l.urgent
}

// send writes what the socket takes of b. Over TLS it may take more than it has
// sent yet: see holds.
func (l *link) send(b []byte) (n int, errno syscall.Errno) {
	if l.secure != nil {
		return l.secure.Send(b)
	}
	n, errno = sysio.Send(l.fd, b)
	return max(0, n), errno
}

// holds reports whether something that send took is not sent yet.
func (l *link) holds() bool { return l.secure != nil && l.secure.Holds() }

// reusable reports whether nothing has arrived since the last response, as far
// as can be known. It may read into b.
func (l *link) reusable(b []byte) bool {
	switch {
	case l.stale:
		return false
	case l.secure == nil:
		return !l.rested || sysQuiet(l.fd, b)
	}
	return l.secure.Quiet(b, l.rested)
}

// refusesClient reports whether err, in place of the first response, means that
// the server rejected the client's certificate.
func (l *link) refusesClient(err error) bool {
	return l.secure != nil && l.secure.Secured.RefusesClient(err)
}

// notice records what an event says, and reports whether there is something to
// read.
func (l *link) notice(events uint32) (arrived bool) {
	l.ends |= events & (unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR)
	l.urgent = l.urgent || events&unix.EPOLLPRI != 0
	arrived = events&unix.EPOLLIN != 0 || l.ends != 0
	if l.secure != nil {
		l.secure.Notice(arrived, l.ends != 0, l.urgent)
	}
	return arrived
}

// means reports whether ev is about l, and not about an earlier connection with
// the same descriptor.
func (l *link) means(ev *unix.EpollEvent) bool { return l.fd == ev.Fd && l.generation == ev.Pad }

// unlink makes l a link without a connection. It closes nothing.
func (l *link) unlink() { *l = link{fd: none} }

// owner is who gets the events of a descriptor: an entry of one of the Shard's
// lists.
type owner struct {
	kind  ownerKind
	index int32
}

type ownerKind uint8

const (
	ownedBySlot ownerKind = iota
	ownedByLingerer
	ownedBySession
)

// open makes l the link of fd, a new socket.
func (s *Shard) open(l *link, fd int32, to owner) {
	s.made++
	l.fd, l.generation = fd, s.made
	s.give(l, to)
}

// give makes to the owner of l.
func (s *Shard) give(l *link, to owner) {
	for int(l.fd) >= len(s.owners) {
		s.owners = append(s.owners, owner{})
	}
	s.owners[l.fd] = to
}

// watch registers l with epoll for what arrives and, if out is set, for room to
// write.
func (s *Shard) watch(l *link, out bool) syscall.Errno {
	if l.watched && (l.watchOut || !out) {
		return 0
	}
	const edges = unix.EPOLLET & (1<<32 - 1)
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLPRI | unix.EPOLLRDHUP | edges, Fd: l.fd, Pad: l.generation}
	op := unix.EPOLL_CTL_ADD
	if l.watched {
		op = unix.EPOLL_CTL_MOD
	}
	if out {
		ev.Events |= unix.EPOLLOUT
	}
	if errno := sysEpollCtl(s.epoll, op, l.fd, &ev); errno != 0 {
		return errno
	}
	l.watched, l.watchOut = true, out
	return 0
}

// close closes l's connection, if it has one.
func (s *Shard) close(l *link) {
	if l.fd == none {
		return
	}
	if l.secure != nil {
		s.shaking.handshakers.GiveUp(l.secure)
		l.secure.End(l.cut)
	}
	if l.cut {
		// If the peer does not read, the kernel would hold the rest for
		// minutes.
		sysReset(l.fd)
	}
	sysClose(l.fd)
	l.unlink()
}
