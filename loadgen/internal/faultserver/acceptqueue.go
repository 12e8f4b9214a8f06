package faultserver

import (
	"errors"
	"net/netip"
)

// AcceptQueue is a listener that never accepts: connections are made, and their
// requests acknowledged, by the kernel alone.
type AcceptQueue struct {
	sock *socket
}

// NewAcceptQueue listens on a free port of 127.0.0.1. Linux lets backlog+1
// connections wait, and drops the handshakes of further ones.
func NewAcceptQueue(backlog int) (*AcceptQueue, error) {
	sock, err := bound()
	if err != nil {
		return nil, err
	}
	if err := sock.listen(backlog); err != nil {
		return nil, errors.Join(err, sock.close())
	}
	return &AcceptQueue{sock}, nil
}

// Addr is the address that connections can be made to.
func (q *AcceptQueue) Addr() netip.AddrPort { return q.sock.addr }

// Waiting is how many connections are in the queue now.
func (q *AcceptQueue) Waiting() (int, error) {
	n, _, err := q.sock.queue()
	return n, err
}

// Kill closes the listener, which resets every waiting connection and refuses
// those that come later.
func (q *AcceptQueue) Kill() error { return q.sock.close() }
