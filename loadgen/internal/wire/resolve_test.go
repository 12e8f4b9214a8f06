package wire

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"nodrop/loadgen/record"
)

// TestRefreshKeepsWhatWorked drives the background look-up tick by tick.
func TestRefreshKeepsWhatWorked(t *testing.T) {
	responses := []struct {
		addrs []string
		err   error
	}{
		{[]string{"10.0.0.2", "10.0.0.1"}, nil},
		{nil, errors.New("down")},
		{nil, errors.New("still down")},
		{[]string{"10.0.0.3"}, nil},
		{nil, errors.New("down again")},
		{[]string{"10.0.0.3"}, nil}, // starts only after the previous one is handled
	}
	asked := 0
	var notes []record.Mark
	r := &Resolver{
		Host: "gateway", Port: 80,
		lookup: func(context.Context, string) ([]netip.Addr, error) {
			a := responses[asked]
			asked++
			var ips []netip.Addr
			for _, s := range a.addrs {
				ips = append(ips, netip.MustParseAddr(s))
			}
			return ips, a.err
		},
		mark:    func(m record.Mark) { notes = append(notes, m) },
		elapsed: func() int64 { return int64(asked) },
	}
	if err := r.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	tick, done := make(chan time.Time), make(chan struct{})
	go func() { defer close(done); r.Refresh(ctx, tick) }()
	for i := 1; i < len(responses); i++ {
		tick <- time.Time{}
	}
	cancel()
	<-done
	if got, want := r.known.Load().list[0].Name, "10.0.0.3:80"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	if len(notes) != 2 || notes[0].Error != "down" || notes[1].Error != "down again" || notes[0].Start != 2 {
		t.Errorf("notes %+v; want one per outage", notes)
	}
}

func TestFixedTakesTurns(t *testing.T) {
	f := NewFixed([]netip.AddrPort{netip.MustParseAddrPort("10.0.0.1:1"), netip.MustParseAddrPort("10.0.0.2:1")})
	var got string
	for range 4 {
		e, _ := f.Next(t.Context())
		got += e.Name + " "
	}
	if want := "10.0.0.1:1 10.0.0.2:1 10.0.0.1:1 10.0.0.2:1 "; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
}
