package analysis

import (
	"testing"

	"nodrop/loadgen/record"
)

// TestProcessesAtOneAddress: two processes that use an address one after the
// other have lives of their own, even if the second one is ready while the
// first one still drains.
func TestProcessesAtOneAddress(t *testing.T) {
	const address = "127.0.0.1:80"
	mark := func(kind record.MarkKind, process string, at int64) record.Mark {
		m := record.Mark{Kind: kind, Endpoint: process, Start: at, End: at}
		if kind != record.MarkSignalled { // only what the process did itself has the address
			m.Address = address
		}
		return m
	}
	for name, newReady := range map[string]int64{"after the exit": 600 * ms, "while it drains": 505 * ms} {
		t.Run(name, func(t *testing.T) {
			marks := []record.Mark{
				mark(record.MarkReady, "old", -100*ms), mark(record.MarkSignalled, "old", 500*ms), mark(record.MarkExited, "old", 510*ms),
				mark(record.MarkReady, "new", newReady), mark(record.MarkSignalled, "new", 1500*ms), mark(record.MarkExited, "new", 1510*ms),
			}
			record.SortMarks(marks)
			h := Histories(lifecycles(marks), nil)[address]
			if h == nil || h.Name != "old, new" {
				t.Fatalf("got %+v; want the history of both", h)
			}
			for at, want := range map[int64]Lifecycle{510 * ms: {Endpoint: "old", Signalled: 500 * ms, Exited: 510 * ms}, 1510 * ms: {Endpoint: "new", Signalled: 1500 * ms, Exited: 1510 * ms}} {
				l := h.LifecycleAt(at)
				if l == nil || l.Endpoint != want.Endpoint || l.Signalled != want.Signalled || l.Exited != want.Exited {
					t.Errorf("at %d ns: got %+v; want %+v", at, l, want)
					continue
				}
				if may, sure := l.ExitedAt(at - 400*ms); may || sure {
					t.Errorf("%s: it is taken for one whose exit is reported late", l.Endpoint)
				}
			}
		})
	}
}

// TestAddressOfHandMarks: a mark by the name of a process is about its address.
func TestAddressOfHandMarks(t *testing.T) {
	list := lifecycles([]record.Mark{
		{Kind: record.MarkReady, Endpoint: "app", Address: "127.0.0.1:80", Start: -1, End: -1},
		{Kind: record.MarkEndpointRemoved, Endpoint: "app", Start: 5 * ms, End: 5 * ms},
		{Kind: record.MarkEndpointRemoved, Endpoint: "other", Start: 5 * ms, End: 5 * ms},
	})
	if len(list) != 2 || list[0].Address() != "127.0.0.1:80" || list[1].Address() != "" {
		t.Errorf("got %+v", list)
	}
}

// TestReloadBeforeStop: a signal that is no stop is not part of the stop that
// comes later.
func TestReloadBeforeStop(t *testing.T) {
	at := func(kind record.MarkKind, ns int64) record.Mark {
		return record.Mark{Kind: kind, Endpoint: "app", Start: ns, End: ns}
	}
	list := lifecycles([]record.Mark{
		at(record.MarkSignalled, 100*ms), at(record.MarkTerminating, 900*ms), at(record.MarkSignalled, 900*ms), at(record.MarkExited, 950*ms),
	})
	if len(list) != 2 || list[1].Terminating != 900*ms || list[1].Signalled != 900*ms || list[1].Exited != 950*ms {
		t.Errorf("got %+v; want the stop in a life of its own", list)
	}
}
