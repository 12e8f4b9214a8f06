package loadgen_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// response is what the name server answers: addresses, a response code, or
// nothing.
type response struct {
	addrs []netip.Addr
	code  byte // of a response without addresses; 0 = only addresses of other families
	none  bool
}

const (
	serverFailure = 2
	nameError     = 3
)

func addresses(addrs ...string) response {
	var a response
	for _, s := range addrs {
		a.addrs = append(a.addrs, netip.MustParseAddr(s))
	}
	return a
}

// nameServer is the only name server that this process's resolver knows.
type nameServer struct {
	conn *net.UDPConn

	mu      sync.Mutex // guards what follows
	now     response
	left    int      // number of responses with now before then
	then    response // used when left is 0
	asked   int      // questions for IPv4 addresses; each look-up asks once
	unknown []string
}

// gatewayName is the only name that resolves.
const gatewayName = "gateway.test"

// startNameServer needs a process with its own namespaces. patience is the
// resolver's timeout in seconds.
func startNameServer(t *testing.T, patience int, now response) *nameServer {
	t.Helper()
	file := filepath.Join(t.TempDir(), "resolv.conf")
	// With single-request, a look-up asks for IPv4 first, and only that
	// question is counted, so both questions get the same response once the
	// response is bad.
	if err := os.WriteFile(file, fmt.Appendf(nil, "nameserver 127.0.0.1\nsearch .\noptions timeout:%d attempts:1 single-request\n", patience), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount(file, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 53})
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn, now: now, left: 1 << 30}
	var serving sync.WaitGroup
	serving.Go(s.serve)
	t.Cleanup(func() {
		_ = conn.Close()
		serving.Wait()
		if len(s.unknown) > 0 {
			t.Errorf("asked for %q", s.unknown)
		}
	})
	return s
}

func (s *nameServer) say(a response) { s.sayAfter(0, a) }

// sayAfter makes a the response after n more look-ups.
func (s *nameServer) sayAfter(n int, a response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.then = n, a
}

func (s *nameServer) lookups() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *nameServer) serve() {
	for {
		var buf [512]byte
		n, from, err := s.conn.ReadFromUDPAddrPort(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if out := s.respond(buf[:n]); err == nil && out != nil {
			_, _ = s.conn.WriteToUDPAddrPort(out, from)
		}
	}
}

// respond is the reply to query, nil for none.
func (s *nameServer) respond(query []byte) []byte {
	const header, typeA = 12, 1
	name, end := "", header
	for query[end] != 0 {
		label := query[end+1 : end+1+int(query[end])]
		name += string(label) + "."
		end += 1 + len(label)
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	a := s.draw(strings.TrimSuffix(name, "."), kind == typeA)
	if a.none {
		return nil
	}
	out := append([]byte{}, query[:end+5]...) // the question, with its type and class
	binary.BigEndian.PutUint16(out[2:], 0x8180|uint16(a.code))
	count := 0
	if kind == typeA {
		for _, addr := range a.addrs {
			count++
			ip := addr.As4()
			out = append(out, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4) // the question's name, class IN, TTL 0 s
			out = append(out, ip[:]...)
		}
	}
	copy(out[4:header], []byte{0, 1, 0, byte(count), 0, 0, 0, 0})
	return out
}

func (s *nameServer) draw(name string, first bool) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != gatewayName {
		s.unknown = append(s.unknown, name)
		return response{code: nameError}
	}
	a := s.now
	if s.left <= 0 {
		a = s.then
	}
	if first {
		s.asked++
		s.left--
	}
	return a
}
