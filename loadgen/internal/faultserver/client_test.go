package faultserver

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

type client struct {
	stream
	tcp *net.TCPConn
	t   *testing.T
}

type stream interface {
	net.Conn
	CloseWrite() error
}

func dial(t *testing.T, addr netip.AddrPort) client {
	t.Helper()
	c, err := net.DialTCP("tcp4", nil, net.TCPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // most tests close it themselves
	return client{c, c, t}
}

// dialServer is dial, with TLS if the server uses it.
func dialServer(t *testing.T, s *Server) client {
	t.Helper()
	c := dial(t, s.Addr())
	if s.tls != nil {
		c.stream = tls.Client(c.tcp, &tls.Config{InsecureSkipVerify: true})
	}
	return c
}

// errReset is how a client sees a RST.
var errReset error = syscall.ECONNRESET

func (c client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

func (c client) finish() {
	c.t.Helper()
	if err := c.CloseWrite(); err != nil {
		c.t.Fatalf("close for writing: %v", err)
	}
}

// quit closes the connection, over TLS without close_notify.
func (c client) quit() {
	c.t.Helper()
	if err := c.tcp.Close(); err != nil {
		c.t.Fatalf("close: %v", err)
	}
}

// expect reads as many bytes as want has, and compares them.
func (c client) expect(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c, got)
	if err != nil || string(got) != want {
		c.t.Fatalf("got %q, %v; want %q", got[:n], err, want)
	}
}

// expectEnd reads to the end and compares the bytes with want and the ending
// with end: nil for a FIN.
func (c client) expectEnd(want string, end error) {
	c.t.Helper()
	got, err := io.ReadAll(c)
	if string(got) != want || !errors.Is(err, end) {
		c.t.Fatalf("got %q, then %v; want %q, then %v", got, err, want, end)
	}
}

// expectDrops reads to the end, which comes after any number of dripped bytes.
func (c client) expectDrops() {
	c.t.Helper()
	got, err := io.ReadAll(c)
	if strings.Trim(string(got), "x") != "" || err != nil {
		c.t.Fatalf("got %q, then %v; want drops, then a FIN", got, err)
	}
}

func start(t *testing.T, plan Plan) *Server {
	t.Helper()
	s, err := Start(plan)
	return started(t, s, err)
}

// startTLS is start over TLS, with the handshake faults of hello, if any.
func startTLS(t *testing.T, hello HandshakePlan, plan Plan) *Server {
	t.Helper()
	cert, _, err := SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	s, err := StartHandshakes(hello, plan, &tls.Config{Certificates: []tls.Certificate{cert}})
	return started(t, s, err)
}

func faultless(int64) HandshakeFault { return HandshakeOK }

func started(t *testing.T, s *Server, err error) *Server {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// expectCounts waits for all connections, which the test must have closed, and
// compares the server's counts.
func expectCounts(t *testing.T, s *Server, want Counts) {
	t.Helper()
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.Counts(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// messageBody is the length of a POST's body.
const messageBody = 3000

// message is a request; a POST has a body.
func message(method string, fields ...string) string {
	var body string
	if method == "POST" {
		body = strings.Repeat("b", messageBody)
		fields = append(fields, "Content-Type: text/plain", fmt.Sprint("Content-Length: ", len(body)))
	}
	return method + " /some/path?x=y HTTP/1.1\r\nHost: gateway\r\n" + strings.Join(append(fields, ""), "\r\n") + "\r\n" + body
}
