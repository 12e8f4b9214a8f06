//go:build linux

package loop

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
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
}

// errWait means that nothing has arrived: an event announces what comes next.
var errWait = errors.New("nothing to read yet")

// read reads what has arrived. n is 0 without an error at the end of what the
// peer sends.
func (l *link) read(b []byte) (n int, err error) {
	n, errno := sysRead(l.fd, b)
	switch errno {
	case 0:
		return n, nil
	case unix.EAGAIN:
		return 0, errWait
	}
	return 0, os.NewSyscallError("read", errno)
}

// drained reports whether a read of n bytes, into a buffer of that size, took
// all that had arrived: an event announces what comes next.
func (l *link) drained(n, size int) bool { return n < size && !l.urgent }

// send writes what the socket takes of b.
func (l *link) send(b []byte) (n int, errno syscall.Errno) {
	n, errno = sysSend(l.fd, b)
	return max(0, n), errno
}

// quiet reports whether nothing has arrived unasked. It may read into b.
func (l *link) quiet(b []byte) bool { return sysQuiet(l.fd, b) }

// notice records what an event says, and reports whether there is something to
// read.
func (l *link) notice(events uint32) (arrived bool) {
	l.ends |= events & (unix.EPOLLRDHUP | unix.EPOLLHUP | unix.EPOLLERR)
	l.urgent = l.urgent || events&unix.EPOLLPRI != 0
	return events&unix.EPOLLIN != 0 || l.ends != 0
}

// means reports whether ev is about l, and not about an earlier connection with
// the same descriptor.
func (l *link) means(ev *unix.EpollEvent) bool { return l.fd == ev.Fd && l.generation == ev.Pad }

// clear makes l a link without a connection. It closes nothing.
func (l *link) clear() { *l = link{fd: none} }

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
	if l.cut {
		// If the peer does not read, the kernel would hold the rest for
		// minutes.
		sysReset(l.fd)
	}
	sysClose(l.fd)
	l.clear()
}
