package faultserver

import (
	"errors"
	"net/netip"
)

// AcceptQueue is a listener that never accepts: the kernel alone makes the
// connections and acknowledges their requests.
type AcceptQueue struct {
	sock *socket
}

// NewAcceptQueue listens on a free port of 127.0.0.1. Linux queues backlog+1
// connections, and drops the handshakes of further ones.
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

// Addr returns the address to connect to.
func (q *AcceptQueue) Addr() netip.AddrPort { return q.sock.addr }

// Waiting returns how many connections are in the queue now.
func (q *AcceptQueue) Waiting() (int, error) {
	n, _, err := q.sock.queue()
	return n, err
}

// Kill closes the listener, which resets every waiting connection and refuses
// later ones.
func (q *AcceptQueue) Kill() error { return q.sock.close() }
