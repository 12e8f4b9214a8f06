package faultserver

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
)

// handshakeWire is what a client reads after its ClientHello.
var handshakeWire = map[HandshakeFault]struct {
	sent string
	end  error
}{
	HandshakeEOF:     {"", nil},
	HandshakeReset:   {"", errReset},
	HandshakeSilence: {"", nil}, // until the client closes
	HandshakePlain:   {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", nil},
	HandshakeAlert:   {"\x15\x03\x03\x00\x02\x02\x28", nil},
}

func TestHandshakeFaults(t *testing.T) {
	for _, fault := range HandshakeFaults() {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			want, found := handshakeWire[fault]
			if !found {
				t.Fatal("nothing tests what it sends")
			}
			s := startTLS(t, func(seq int64) HandshakeFault { return []HandshakeFault{HandshakeOK, fault}[seq] }, Always(OK))
			good := dialServer(t, s)
			good.send(message("GET"))
			good.expect(okWire + "ok\n")
			good.quit()
			silent := dial(t, s.Addr()) // without a ClientHello: no handshake
			silent.quit()

			c := dial(t, s.Addr())
			c.send(clientHello(t))
			if fault == HandshakeSilence {
				c.finish()
			}
			c.expectEnd(want.sent, want.end)
			c.quit()
			expectCounts(t, s, Counts{
				Connections: 3, Requests: 1, ByKind: map[Kind]Count{OK: {Fresh: 1}},
				Handshakes: map[HandshakeFault]int64{HandshakeOK: 1, fault: 1},
			})
		})
	}
}

func TestEveryHandshakeFaultHasARow(t *testing.T) {
	for f := range numHandshakes {
		if f.String() == "" {
			t.Errorf("fault %d has no row in the table", f)
		}
	}
	if got, want := numHandshakes.String(), "handshake fault(6)"; got != want {
		t.Errorf("unknown fault: got %q; want %q", got, want)
	}
}

func clientHello(t *testing.T) string {
	t.Helper()
	ours, theirs := net.Pipe()
	defer ours.Close()
	go func() {
		_ = tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}).Handshake()
		_ = theirs.Close()
	}()
	hello := make([]byte, 16<<10)
	n, err := ours.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	return string(hello[:n])
}

type tap struct {
	net.Conn
	read bytes.Buffer
}

func (c *tap) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Write(b[:n])
	return n, err
}

// TestCloseNotify checks that an orderly close sends close_notify and a cut
// does not. TLS 1.2 leaves the types of records unencrypted.
func TestCloseNotify(t *testing.T) {
	const alert, data = 21, 23
	for kind, want := range map[Kind]byte{
		CloseDelimited: alert, OKThenFIN: alert, EarlyResponse: alert, MalformedHead: alert,
		EOFInHead: data, EOFInBody: data, EOFBeforeLastChunk: data,
		ResetInHead: data, OKThenRST: data,
	} {
		t.Run(kind.String(), func(t *testing.T) {
			t.Parallel()
			c := dialServer(t, startTLS(t, faultless, Always(kind)))
			wire := &tap{Conn: c.tcp}
			c.stream = tls.Client(wire, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
			c.send(message("GET"))
			if _, err := io.ReadAll(c); err != nil && !errors.Is(err, errReset) {
				t.Fatal(err)
			}
			var last byte
			for rest := wire.read.Bytes(); len(rest) > 0; {
				last = rest[0]
				rest = rest[5+(int(rest[3])<<8|int(rest[4])):]
			}
			if last != want {
				t.Errorf("the last record has type %d; want %d", last, want)
			}
		})
	}
}
