package pool

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

func newTestPool(t *testing.T, address netip.AddrPort) *pool {
	t.Helper()
	home, slipped := target.Read("http://" + address.String() + "/")
	if slipped != nil {
		t.Fatal(slipped)
	}
	ok, err := record.DefaultOK.Compile()
	if err != nil {
		t.Fatal(err)
	}
	recorder := record.NewRecorder(1)
	request := h1.Request{Method: "GET", Target: "/", Host: home.HostField()}
	return newPool(&engine.Job{
		First:   engine.Hop{Target: home, Key: home.Origin(), Address: address.String(), Method: "GET", Home: true, Bytes: request.Append(nil)},
		Workers: 1,
		Pace:    engine.Pace{Base: time.Now(), Stalls: never{}},
		Route: engine.Route{
			Endpoints: wire.NewFixed([]netip.AddrPort{address}),
			Elsewhere: func(ctx context.Context, t target.Target) (*wire.Endpoint, error) {
				_, err := wire.LookupHost(ctx, t.Host)
				return nil, err
			},
			Sources: &wire.Sources{},
		},
		Limits:    engine.Limits{Timeout: 20 * time.Second, Lingering: 1},
		Responses: engine.Responses{OK: ok, KeepAlive: true, Captured: engine.Captured("", nil)},
		Ledger:    engine.Ledger{Recorder: recorder, Traces: &record.Traces{}, Failed: func(*engine.Hop, error) {}},
	})
}

// never is a Stalls without any stall.
type never struct{}

func (never) Add(stall.Span)                {}
func (never) Delay(int64, int64) int64      { return 0 }
func (never) Ours(int64, int64, int64) bool { return false }

// TestRedirectLookupIsTimed: -t bounds the look-up of a redirect's host, and
// the DNS phase includes it.
func TestRedirectLookupIsTimed(t *testing.T) {
	x := &newTestPool(t, netip.MustParseAddrPort("127.0.0.1:80")).workers[0].exchange
	other, slipped := target.Read("http://elsewhere.invalid/")
	if slipped != nil {
		t.Fatal(slipped)
	}
	_, err := x.endpoint(context.Background(), &engine.Hop{Target: other}, wire.LongAgo)
	var lookup *net.DNSError
	if !errors.As(err, &lookup) || !lookup.IsTimeout {
		t.Errorf("got %v; want a lookup that timed out", err)
	}
	if x.result.Phases.DNS == 0 {
		t.Error("the lookup is in no phase")
	}
}

func TestAwaitFIN(t *testing.T) {
	server, err := faultserver.Start(faultserver.Always(faultserver.OKThenFIN))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s, hangUp, err := wire.DialTrial(t.Context(), &wire.Endpoint{Addr: server.Addr()}, netip.Addr{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	defer hangUp()
	if _, err := s.Write(newTestPool(t, server.Addr()).job.First.Bytes); err != nil {
		t.Fatal(err)
	}
	var got record.ConnectionCount
	awaitFIN(&conn{Socket: s})(&got)
	if want := (record.ConnectionCount{Surplus: 1}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
}

// TestStoppedTooLate: a connection whose request was wholly written is kept even
// if the end of its response was read before the worker knew.
func TestStoppedTooLate(t *testing.T) {
	for name, tc := range map[string]struct {
		err  error
		kept bool
	}{
		"wholly written": {nil, true},
		"stopped":        {os.ErrDeadlineExceeded, false},
	} {
		t.Run(name, func(t *testing.T) {
			x := &newTestPool(t, netip.MustParseAddrPort("127.0.0.1:80")).workers[0].exchange
			x.conn = &conn{Socket: uncut{}, key: "home"}
			x.early.running, x.early.done = true, make(chan struct{})
			close(x.early.done)
			x.early.writing.Store(writingStopped)
			if stopped, fail := x.endEarly(tc.err); stopped == tc.kept || fail != nil || (x.conn.key != "") != tc.kept {
				t.Errorf("got stopped %t, %v, key %q; want kept %t", stopped, fail, x.conn.key, tc.kept)
			}
		})
	}
}

// uncut is a Socket that can only be cut.
type uncut struct{ wire.Socket }

func (uncut) Cut() {}
