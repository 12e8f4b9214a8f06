package faultserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"
)

// BlackHole is an address whose handshakes are dropped: a listener with a full
// accept queue, so that connecting to it ends only by the client's timeout.
type BlackHole struct {
	sock *socket
	plug net.Conn // the connection that fills the queue
}

// NewBlackHole listens on a free port of 127.0.0.1 and fills its queue.
func NewBlackHole() (*BlackHole, error) {
	sock, err := bound()
	if err != nil {
		return nil, err
	}
	b := &BlackHole{sock: sock}
	if err := b.fill(); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// fill makes the one connection for which a backlog of 0 has room, and returns
// once the kernel has queued it. Until then a handshake could still succeed.
func (b *BlackHole) fill() error {
	if err := b.sock.listen(0); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var dialer net.Dialer
	dialer.SetMultipathTCP(false)
	plug, err := dialer.DialContext(ctx, "tcp4", b.sock.addr.String())
	if err != nil {
		return err
	}
	b.plug = plug
	for {
		n, backlog, err := b.sock.queue()
		switch {
		case err != nil:
			return err
		case n > backlog:
			return nil
		case ctx.Err() != nil:
			return fmt.Errorf("accept queue has %d of %d connections: %w", n, backlog+1, ctx.Err())
		}
		time.Sleep(queuePoll)
	}
}

// Addr returns the address that does not respond.
func (b *BlackHole) Addr() netip.AddrPort { return b.sock.addr }

// Close releases the port. Handshakes that clients still retry are refused.
func (b *BlackHole) Close() error {
	err := b.sock.close()
	if b.plug == nil {
		return err
	}
	if e := b.plug.Close(); !errors.Is(e, net.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// queuePoll is the pause between two looks at the queue, for which the kernel
// has no event.
const queuePoll = 50 * time.Microsecond
