package faultserver

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"
)

func TestRefused(t *testing.T) {
	r, err := HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // checked below
	for range 3 {
		if c, err := net.Dial("tcp4", r.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dial: got %v, %v; want %v", c, err, syscall.ECONNREFUSED)
		}
	}
	if l, err := net.Listen("tcp4", r.Addr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen on a held port: got %v, %v; want %v", l, err, syscall.EADDRINUSE)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	l, err := net.Listen("tcp4", r.Addr().String())
	if err != nil {
		t.Fatalf("listen on a port given back: %v", err)
	}
	l.Close()
}

func TestAcceptQueue(t *testing.T) {
	const waiting = 20
	q, err := NewAcceptQueue(waiting)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Kill() }) // checked below
	var clients []client
	for i := range waiting {
		c := dial(t, q.Addr())
		if i%2 == 0 {
			c.send(message("GET"))
		}
		clients = append(clients, c)
	}
	for {
		n, err := q.Waiting()
		if err != nil || n > waiting {
			t.Fatalf("Waiting: got %d, %v; want %d", n, err, waiting)
		}
		if n == waiting {
			break
		}
		runtime.Gosched()
	}
	for range 2 {
		if err := q.Kill(); err != nil {
			t.Errorf("Kill: %v", err)
		}
	}
	for _, c := range clients {
		c.expectEnd("", errReset)
	}
	if _, err := q.Waiting(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Waiting after Kill: got %v; want %v", err, os.ErrClosed)
	}
	if c, err := net.Dial("tcp4", q.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Kill: got %v, %v; want %v", c, err, syscall.ECONNREFUSED)
	}
}

func TestBlackHole(t *testing.T) {
	b, err := NewBlackHole()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() }) // checked below
	for range 3 {
		c, err := net.DialTimeout("tcp4", b.Addr().String(), 20*time.Millisecond)
		if !os.IsTimeout(err) { // a race inside package net decides which of two timeout errors it is
			t.Errorf("dial: got %v, %v; want a timeout", c, err)
		}
	}
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if c, err := net.Dial("tcp4", b.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial after Close: got %v, %v; want %v", c, err, syscall.ECONNREFUSED)
	}
}

// TestUnreadDoesNotFit: 8 MB do not fit into the buffers of both sockets, not
// even after the server has read as much, for which the kernel enlarges buffers.
func TestUnreadDoesNotFit(t *testing.T) {
	body := make([]byte, 8<<20)
	head := fmt.Sprintf("POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n", len(body))
	s := start(t, Every(2, EarlyResponseHeld))
	for range 20 {
		c := dial(t, s.Addr())
		c.send(head + string(body))
		answer := make([]byte, len(okWire))
		if _, err := io.ReadFull(c, answer); err != nil {
			t.Fatal(err)
		}
		c.send(head)
		if err := c.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		if n, err := c.Write(body); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("wrote %d bytes, %v; want a timeout", n, err)
		}
		if err := errors.Join(c.tcp.SetLinger(0), c.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
