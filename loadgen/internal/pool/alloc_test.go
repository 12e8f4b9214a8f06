package pool

import (
	"bytes"
	"compress/gzip"
	"errors"
	"net"
	"net/netip"
	"testing"

	"nodrop/loadgen/record"
)

// TestRequestAllocatesNothing uses a kept-alive connection, with and without a
// compressed body. The server allocates nothing.
func TestRequestAllocatesNothing(t *testing.T) {
	for name, response := range map[string][]byte{
		"plain": []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"),
		"gzip":  append([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"), chunkOf(zipped(t, "ok\n"))...),
	} {
		p := newTestPool(t, responseAll(t, response))
		x := &p.workers[0].exchange
		allocs := testing.AllocsPerRun(200, func() {
			if r := x.do(t.Context()); r.Fate != record.FateOK {
				t.Fatalf("%+v", r)
			}
		})
		x.close()
		if allocs > 0 && !raceDetected {
			t.Errorf("%s: %v allocations for a request; want none", name, allocs)
		}
	}
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func chunkOf(b []byte) []byte {
	const digits = "0123456789abcdef"
	chunk := []byte{digits[len(b)>>4], digits[len(b)&15], '\r', '\n'}
	return append(append(chunk, b...), "\r\n0\r\n\r\n"...)
}

// responseAll responds to every request that comes in one piece.
func responseAll(t *testing.T, response []byte) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		for buf := make([]byte, 4096); ; {
			n, err := c.Read(buf)
			if err != nil || !bytes.HasSuffix(buf[:n], []byte("\r\n\r\n")) {
				return
			}
			if _, err := c.Write(response); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return netip.MustParseAddrPort(l.Addr().String())
}
