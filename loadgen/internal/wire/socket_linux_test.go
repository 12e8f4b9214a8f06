package wire

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/faultserver"
)

// ignored is a keeper's Register that never interrupts.
func ignored(net.Conn) {}

// TestDialIsInterrupted checks that a deadline that an abort sets during a
// connection attempt is not overwritten by the attempt's own.
func TestDialIsInterrupted(t *testing.T) {
	hole, err := faultserver.NewBlackHole()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hole.Close() })
	began := time.Now()
	_, err = Dial(&Endpoint{Addr: hole.Addr()}, netip.Addr{}, began.Add(20*time.Second), trial(func(c net.Conn) {
		if err := c.SetDeadline(LongAgo); err != nil {
			t.Error(err)
		}
	}))
	if !IsTimeout(err) || time.Since(began) > 15*time.Second {
		t.Errorf("got %v after %v; want an immediate timeout", err, time.Since(began))
	}
}

// TestQuietAfterTheDeadline checks that the deadline of the last request does
// not affect Quiet between two requests.
func TestQuietAfterTheDeadline(t *testing.T) {
	server, err := faultserver.Start(faultserver.Always(faultserver.OK))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s, err := Dial(&Endpoint{Addr: server.Addr()}, netip.Addr{}, time.Time{}, trial(ignored))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !s.Quiet() {
		t.Error("a new connection is not quiet")
	}
	if err := s.SetDeadline(LongAgo); err != nil {
		t.Fatal(err)
	}
	if !s.Quiet() {
		t.Error("a connection whose last deadline has passed counts as closed")
	}
}

func TestSockaddr(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		addr   string
		family int
		zone   uint32
	}{
		"IPv4":           {"127.0.0.1:80", unix.AF_INET, 0},
		"mapped IPv4":    {"[::ffff:127.0.0.1]:80", unix.AF_INET, 0},
		"IPv6":           {"[::1]:80", unix.AF_INET6, 0},
		"zone by name":   {"[fe80::1%lo]:80", unix.AF_INET6, uint32(lo.Index)},
		"zone by number": {"[fe80::1%" + strconv.Itoa(lo.Index) + "]:80", unix.AF_INET6, uint32(lo.Index)},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			family, sa := sockaddrOf(&Endpoint{Addr: netip.MustParseAddrPort(tc.addr)})
			var zone uint32
			if sa6, ok := sa.(*unix.SockaddrInet6); ok {
				zone = sa6.ZoneId
			}
			if family != tc.family || zone != tc.zone {
				t.Errorf("got family %d zone %d; want %d, %d", family, zone, tc.family, tc.zone)
			}
		})
	}
}

// TestDialMeetsItself connects to a closed port of the ephemeral range until
// the kernel chooses that port as the local one, which takes about one pass
// through the range.
func TestDialMeetsItself(t *testing.T) {
	server, err := faultserver.Start(faultserver.Always(faultserver.OK))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	for _, host := range []string{"127.0.0.1", "::ffff:127.0.0.1"} {
		s, err := Dial(&Endpoint{Addr: server.Addr()}, netip.Addr{}, time.Time{}, trial(ignored))
		if err != nil {
			t.Fatal(err)
		}
		dead := netip.AddrPortFrom(netip.MustParseAddr(host), netip.MustParseAddrPort(s.LocalAddr().String()).Port())
		_ = s.Close()
		met := false
		for range 200_000 {
			s, err := Dial(&Endpoint{Addr: dead}, netip.Addr{}, time.Time{}, trial(ignored))
			if err == nil {
				t.Fatalf("connected to %v from %v", dead, s.LocalAddr())
			}
			if met = errors.Is(err, ErrSelfConnect); met {
				break
			}
			if !errors.Is(err, unix.ECONNREFUSED) && !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatal(err)
			}
		}
		if !met {
			t.Errorf("%v was refused 200,000 times and never connected to itself", dead)
		}
	}
}

// TestQuietUnderSignals checks that a poll that a signal interrupted does not
// count: Go interrupts its own threads.
func TestQuietUnderSignals(t *testing.T) {
	server, err := faultserver.Start(faultserver.Always(faultserver.OK))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s, err := Dial(&Endpoint{Addr: server.Addr()}, netip.Addr{}, time.Time{}, trial(ignored))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	self, done := unix.Gettid(), make(chan struct{})
	var storm sync.WaitGroup
	storm.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_ = unix.Tgkill(unix.Getpid(), self, unix.SIGURG)
			}
		}
	})
	noisy := 0
	for range 100_000 {
		if !s.Quiet() {
			noisy++
		}
	}
	close(done)
	storm.Wait()
	if noisy > 0 {
		t.Errorf("not quiet %d times of 100000; nothing was sent", noisy)
	}
}
