package pool

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"nodrop/loadgen/internal/expect"
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

// TestExpectedBodyAllocatesNothing: nor does checking what --expect-body asks
// for, compressed or not.
func TestExpectedBodyAllocatesNothing(t *testing.T) {
	const text = "ok\n"
	for name, response := range map[string][]byte{
		"plain": []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n" + text),
		"gzip":  append([]byte("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"), chunkOf(zipped(t, text))...),
	} {
		for _, wanted := range []string{"length:3", fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(text)))} {
			body, err := expect.ParseBody(wanted)
			if err != nil {
				t.Fatal(err)
			}
			p := newTestPool(t, responseAll(t, response))
			p.job.Wanted = &expect.Wanted{Body: body}
			x := &p.workers[0].exchange
			allocs := testing.AllocsPerRun(200, func() {
				if r := x.do(t.Context()); r.Fate != record.FateOK {
					t.Fatalf("%+v", r)
				}
			})
			x.close()
			if allocs > 0 && !raceDetected {
				t.Errorf("%s, %s: %v allocations for a request; want none", name, wanted, allocs)
			}
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
