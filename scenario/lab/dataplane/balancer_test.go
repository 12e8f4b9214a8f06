package dataplane

import (
	"errors"
	"net/netip"
	"sync"
	"testing"

	"nodrop/loadgen"
)

func endpoints(names ...string) []loadgen.Endpoint {
	var es []loadgen.Endpoint
	for i, name := range names {
		es = append(es, loadgen.Endpoint{Name: name, Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(1+i))})
	}
	return es
}

// picks counts how often n picks return each endpoint.
func picks(t *testing.T, b *Balancer, n int) map[string]int {
	t.Helper()
	seen := map[string]int{}
	for range n {
		e, err := b.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Name]++
	}
	return seen
}

func TestBalancerEmpty(t *testing.T) {
	var b Balancer
	if _, err := b.Next(t.Context()); !errors.Is(err, ErrNoEndpoint) {
		t.Errorf("got %v; want ErrNoEndpoint", err)
	}
	b.Add(endpoints("gw-1")...)
	b.Remove("gw-1")
	if _, err := b.Next(t.Context()); !errors.Is(err, ErrNoEndpoint) {
		t.Errorf("got %v; want ErrNoEndpoint", err)
	}
}

func TestBalancerIsUniform(t *testing.T) {
	var b Balancer
	b.Add(endpoints("gw-1", "gw-2", "gw-3", "gw-4")...)
	seen := picks(t, &b, 40000)
	// 10,000 each, with a standard deviation of 87: the bounds allow more than
	// ten of them.
	for _, name := range []string{"gw-1", "gw-2", "gw-3", "gw-4"} {
		if n := seen[name]; n < 9000 || n > 11000 {
			t.Errorf("%s was picked %d times of 40000", name, n)
		}
	}
}

func TestBalancerRemove(t *testing.T) {
	var b Balancer
	b.Add(endpoints("gw-1", "gw-2", "gw-3")...)
	b.Remove("gw-1", "gw-3", "gw-9")
	if seen := picks(t, &b, 100); seen["gw-2"] != 100 {
		t.Errorf("picked %v; want gw-2 only", seen)
	}
}

func TestBalancerWhileItChanges(t *testing.T) {
	var b Balancer
	b.Add(endpoints("gw-1")...)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 1000 {
				b.Add(endpoints("gw-2")...)
				b.Remove("gw-2")
			}
		})
		group.Go(func() {
			for range 10000 {
				if _, err := b.Next(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if seen := picks(t, &b, 100); seen["gw-1"] != 100 {
		t.Errorf("picked %v; want gw-1 only", seen)
	}
}

func TestBalancerAllocatesNothing(t *testing.T) {
	var b Balancer
	b.Add(endpoints("gw-1", "gw-2")...)
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = b.Next(ctx) }); n != 0 {
		t.Errorf("%v allocations per pick; want 0", n)
	}
}

func BenchmarkBalancerNext(b *testing.B) {
	var balancer Balancer
	balancer.Add(endpoints("gw-1", "gw-2", "gw-3")...)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = balancer.Next(ctx)
	}
}
