//go:build linux

package tlsconn

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/faultserver"
)

// plainSecured is crypto/tls without what the tests of the engines cover.
type plainSecured struct{ *tls.Conn }

func (plainSecured) RefusesClient(error) bool { return false }

// pair is both ends of a connection: a Conn over a non-blocking socket, and
// crypto/tls over an ordinary one.
type pair struct {
	t      *testing.T
	client *Conn
	fd     int32
	server *tls.Conn
	shakes Handshakers
	poll   [1]unix.PollFd
}

func newPair(t *testing.T, change func(client, server *tls.Config)) *pair {
	t.Helper()
	cert, roots, err := faultserver.SelfSigned("gateway")
	if err != nil {
		t.Fatal(err)
	}
	client, server := &tls.Config{RootCAs: roots, ServerName: "gateway"}, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true}
	if change != nil {
		change(client, server)
	}
	fd, under := sockets(t)
	p := &pair{t: t, fd: fd, server: tls.Server(under, server)}
	p.client = New(fd, func(under net.Conn) Secured { return plainSecured{tls.Client(under, client)} })
	return p
}

// sockets returns the two ends of a connection.
func sockets(t *testing.T) (fd int32, other net.Conn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(fds[1]), "server")
	other, err = net.FileConn(file)
	_ = file.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = other.Close()
		_ = unix.Close(fds[0])
	})
	return int32(fds[0]), other
}

// await waits for an event and passes it on, as the loop does.
func (p *pair) await(events int16) {
	p.t.Helper()
	p.poll[0] = unix.PollFd{Fd: p.fd, Events: events | unix.POLLRDHUP}
	for {
		n, err := unix.Poll(p.poll[:], 10_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n != 1 {
			p.t.Fatalf("no event: %d, %v", n, err)
		}
		break
	}
	got := p.poll[0].Revents
	p.client.Notice(got&unix.POLLIN != 0, got&(unix.POLLRDHUP|unix.POLLHUP) != 0, false)
}

// shake makes the handshake on this thread.
func (p *pair) shake() error {
	p.t.Helper()
	for {
		done, err := p.shakes.Continue(p.client)
		if done {
			return err
		}
		p.await(unix.POLLIN)
	}
}

func (p *pair) mustShake() {
	p.t.Helper()
	done := make(chan error)
	go func() { done <- p.server.Handshake() }()
	if err := p.shake(); err != nil {
		p.t.Fatal(err)
	}
	// The end of the handshake goes out with the first request; the server waits
	// for it.
	if errno := p.client.socket.flush(); errno != 0 {
		p.t.Fatal(errno)
	}
	if err := <-done; err != nil {
		p.t.Fatal(err)
	}
}

// locked runs f on a locked thread, as the loop runs.
func locked(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		f()
	}()
	<-done
}

func TestConn(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			locked(func() {
				p := newPair(t, func(c, s *tls.Config) {
					c.MinVersion, c.MaxVersion, s.MinVersion = version, version, tls.VersionTLS10
				})
				p.mustShake()
				request, response := bytes.Repeat([]byte("request "), 100_000), bytes.Repeat([]byte("response"), 100_000)
				done := make(chan []byte)
				go func() {
					got := make([]byte, len(request))
					_, _ = io.ReadFull(p.server, got)
					done <- got
					_, _ = p.server.Write(response)
					_ = p.server.Close()
				}()
				for rest := request; len(rest) > 0 || p.client.Holds(); {
					n, errno := p.client.Send(rest)
					rest = rest[n:]
					if errno == unix.EAGAIN {
						p.await(unix.POLLOUT)
					} else if errno != 0 {
						t.Fatal(errno)
					}
				}
				if got := <-done; !bytes.Equal(got, request) {
					t.Errorf("the server read %d bytes, not what was sent", len(got))
				}
				if got := p.readAll(); !bytes.Equal(got, response) || p.client.Truncated() || !p.client.Closed() {
					t.Errorf("read %d bytes, truncated %t, closed %t; want all, and close_notify", len(got), p.client.Truncated(), p.client.Closed())
				}
				p.shakes.Close()
			})
		})
	}
}

// readAll reads to the end, and waits for an event only where Read or Drained
// says that one will come.
func (p *pair) readAll() (all []byte) {
	p.t.Helper()
	b := make([]byte, 64<<10)
	p.await(unix.POLLIN)
	for {
		n, err := p.client.Read(b)
		all = append(all, b[:n]...)
		switch {
		case err == ErrWait: //nolint:errorlint // not wrapped
			p.await(unix.POLLIN)
		case err != nil:
			p.t.Fatal(err)
		case n == 0:
			return all
		case p.client.Drained():
			p.await(unix.POLLIN)
		}
	}
}

// TestCutIsTold: crypto/tls says io.EOF with and without close_notify.
func TestCutIsTold(t *testing.T) {
	locked(func() {
		p := newPair(t, nil)
		p.mustShake()
		if _, err := p.server.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
		_ = p.server.NetConn().Close()
		if got := p.readAll(); string(got) != "half" || !p.client.Truncated() || p.client.Closed() {
			t.Errorf("read %q, truncated %t, closed %t; want a cut", got, p.client.Truncated(), p.client.Closed())
		}
		p.shakes.Close()
	})
}

// TestDrainedAfterOneRecord: a response of one record needs no second read; of
// two that come together, the second is not forgotten.
func TestDrainedAfterOneRecord(t *testing.T) {
	locked(func() {
		p := newPair(t, nil)
		p.mustShake()
		b := make([]byte, 64<<10)
		if !p.client.Quiet(b, false) { // the handshake's records are counted, too
			t.Fatal("something came after the handshake")
		}
		for range 3 {
			_, _ = p.server.Write([]byte("one"))
			p.await(unix.POLLIN)
			if n, err := p.client.Read(b); n != 3 || err != nil || !p.client.Drained() {
				t.Errorf("read %d, %v, drained %t; want 3 bytes, and drained", n, err, p.client.Drained())
			}
		}
		_, _ = p.server.Write([]byte("one"))
		_, _ = p.server.Write([]byte("two"))
		p.await(unix.POLLIN)
		for i, drained := range []bool{false, true} {
			if n, err := p.client.Read(b); n != 3 || err != nil || p.client.Drained() != drained {
				t.Errorf("record %d: read %d, %v, drained %t; want drained %t", i, n, err, p.client.Drained(), drained)
			}
		}
		p.shakes.Close()
	})
}

// TestEndSaysGoodbye: servers log a connection that ends without close_notify;
// half a request is not followed by one.
func TestEndSaysGoodbye(t *testing.T) {
	for cut, want := range map[bool]error{false: io.EOF, true: io.ErrUnexpectedEOF} {
		locked(func() {
			p := newPair(t, nil)
			p.mustShake()
			p.client.End(cut)
			_ = unix.Shutdown(int(p.fd), unix.SHUT_RDWR)
			_, err := p.server.Read(make([]byte, 1))
			if cut && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF // crypto/tls cannot tell; what the socket has read can
				if n, _ := p.server.NetConn().Read(make([]byte, 1)); n != 0 {
					t.Error("close_notify came")
				}
			}
			if !errors.Is(err, want) {
				t.Errorf("cut %t: the server read %v; want %v", cut, err, want)
			}
			p.shakes.Close()
		})
	}
}

// TestGiveUp: a handshake that is given up ends, at whatever step, and its
// coroutine makes the next one.
func TestGiveUp(t *testing.T) {
	locked(func() {
		p := newPair(t, nil)
		p.shakes.GiveUp(p.client) // not begun
		if done, err := p.shakes.Continue(p.client); done {
			t.Fatalf("done without a server: %v", err)
		}
		p.shakes.GiveUp(p.client)
		if p.client.coro != nil || len(p.shakes.idle) != 1 {
			t.Errorf("%d idle coroutines; want 1", len(p.shakes.idle))
		}
		next := newPair(t, nil)
		next.shakes = p.shakes
		next.mustShake()
		if len(next.shakes.idle) != 1 {
			t.Errorf("%d idle coroutines; want the same one", len(next.shakes.idle))
		}
		next.shakes.Close()
	})
}

// TestFailedHandshake: the alert reaches the server.
func TestFailedHandshake(t *testing.T) {
	locked(func() {
		p := newPair(t, func(c, _ *tls.Config) { c.ServerName = "other" })
		done := make(chan error)
		go func() { done <- p.server.HandshakeContext(context.Background()) }()
		err := p.shake()
		if _, ok := errors.AsType[x509.HostnameError](err); !ok {
			t.Errorf("got %v; want a wrong name", err)
		}
		p.client.End(false)
		if err := <-done; err == nil || err.Error() != "remote error: tls: bad certificate" {
			t.Errorf("the server got %v; want an alert", err)
		}
		p.shakes.Close()
	})
}

// TestFewIdleCoroutines: a burst of handshakes leaves few stacks behind.
func TestFewIdleCoroutines(t *testing.T) {
	locked(func() {
		var shakes Handshakers
		var all []*Conn
		for range 3 * maxIdle {
			p := newPair(t, nil)
			_, _ = shakes.Continue(p.client)
			all = append(all, p.client)
		}
		for _, c := range all {
			shakes.GiveUp(c)
		}
		if len(shakes.idle) != maxIdle {
			t.Errorf("%d idle coroutines; want %d", len(shakes.idle), maxIdle)
		}
		shakes.Close()
		if len(shakes.idle) != 0 {
			t.Error("some are left")
		}
	})
}
