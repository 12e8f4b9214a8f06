//go:build !linux

package wire

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// netSocket is a connection of the standard dialer, limited to one attempt.
type netSocket struct {
	net.Conn
	found []byte // bytes that Quiet read: the next Read returns them

	waiting func() // set by OnWait
	written int    // bytes since OnWait
}

// Dial makes one connection attempt to e from a local address (zero: the
// system's choice), until deadline (zero: none).
func Dial(e *Endpoint, from netip.Addr, deadline time.Time, keeper keeper) (Socket, error) {
	attempts := 0
	d := net.Dialer{
		KeepAlive: -1,
		Control: func(string, string, syscall.RawConn) error {
			if attempts++; attempts > 1 {
				return errRedialed
			}
			return nil
		},
	}
	if from.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	attempt := &interrupt{cancel: cancel}
	if !deadline.IsZero() {
		attempt.timer = time.AfterFunc(time.Hour, func() {
			if !keeper.Extend(attempt) {
				cancel()
			}
		})
		attempt.timer.Reset(time.Until(deadline))
		defer attempt.timer.Stop()
	}
	keeper.Register(attempt)
	network, address := "tcp", e.Addr.String()
	if e.Path != "" {
		network, address = "unix", e.Path
	}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil, os.ErrDeadlineExceeded
		}
		return nil, err
	}
	keeper.Register(c)
	return &netSocket{Conn: c}, nil
}

// interrupt stands for a connection attempt in progress. Setting a deadline in
// the past ends the attempt.
type interrupt struct {
	net.Conn
	cancel context.CancelFunc
	timer  *time.Timer // nil without a deadline
}

func (i *interrupt) SetDeadline(t time.Time) error {
	left := time.Until(t)
	if left <= 0 || i.timer == nil {
		i.cancel()
		return nil
	}
	i.timer.Reset(left)
	return nil
}

// Quiet reads with a deadline 50 µs away: the standard connection has no other
// way to check without waiting.
func (s *netSocket) Quiet() bool {
	if len(s.found) > 0 || s.SetReadDeadline(time.Now().Add(50*time.Microsecond)) != nil {
		return false
	}
	one := make([]byte, 1)
	n, err := s.Conn.Read(one)
	s.found = one[:n]
	return errors.Is(err, os.ErrDeadlineExceeded)
}

func (s *netSocket) OnWait(f func()) { s.waiting, s.written = f, 0 }

func (s *netSocket) Cut() {
	if c, ok := s.Conn.(interface{ SetLinger(int) error }); ok {
		_ = c.SetLinger(0) // on failure the kernel keeps the unsent bytes
	}
}

// mayWait is the number of bytes beyond which a Write may wait: the standard
// connection cannot tell when one does.
const mayWait = 16 << 10

func (s *netSocket) Write(b []byte) (int, error) {
	s.written += len(b)
	if f := s.waiting; f != nil && s.written > mayWait {
		s.waiting = nil
		f()
	}
	return s.Conn.Write(b)
}

func (s *netSocket) Read(b []byte) (int, error) {
	if len(s.found) > 0 {
		n := copy(b, s.found)
		s.found = s.found[n:]
		return n, nil
	}
	return s.Conn.Read(b)
}
