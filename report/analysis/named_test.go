package analysis

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// TestNamed: marks of one endpoint belong together, whether they give its name or
// its address, unless the address had several endpoints.
func TestNamed(t *testing.T) {
	mark := func(kind record.MarkKind, endpoint, address string, at int64) record.Mark {
		return record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint, Address: address, Start: at * ms, End: at * ms}
	}
	const process, pod = "127.0.0.1:8080", "10.0.0.2"
	for name, tt := range map[string]struct {
		marks []record.Mark
		want  []string // the endpoints of the lifecycles
	}{
		"by name only":                             {[]record.Mark{mark(record.MarkTerminating, "web", "", 1), mark(record.MarkEndpointRemoved, "web", "", 2)}, []string{"web"}},
		"by address only":                          {[]record.Mark{mark(record.MarkTerminating, process, "", 1), mark(record.MarkEndpointRemoved, process, "", 2)}, []string{process}},
		"a name without an address":                {[]record.Mark{mark(record.MarkTerminating, "web", "", 1), mark(record.MarkEndpointRemoved, process, "", 2)}, []string{"web", process}},
		"an address of a process":                  {[]record.Mark{mark(record.MarkTerminating, "web", process, 1), mark(record.MarkEndpointRemoved, process, "", 2)}, []string{"web"}},
		"before the name is known":                 {[]record.Mark{mark(record.MarkEndpointRemoved, process, "", 1), mark(record.MarkExited, "web", process, 2)}, []string{"web"}},
		"an address of a pod":                      {[]record.Mark{mark(record.MarkTerminating, "web-2", pod, 1), mark(record.MarkEndpointRemoved, pod, "", 2)}, []string{"web-2"}},
		"with a port":                              {[]record.Mark{mark(record.MarkTerminating, "web-2", pod, 1), mark(record.MarkEndpointRemoved, pod+":8080", "", 2)}, []string{"web-2"}},
		"another port":                             {[]record.Mark{mark(record.MarkTerminating, "web", process, 1), mark(record.MarkEndpointRemoved, "127.0.0.1:8081", "", 2)}, []string{"web", "127.0.0.1:8081"}},
		"several endpoints at one time":            {[]record.Mark{mark(record.MarkTerminating, "old", process, 1), mark(record.MarkTerminating, "new", process, 2), mark(record.MarkEndpointRemoved, process, "", 3)}, []string{"old", "new", process}},
		"named after the address that another had": {[]record.Mark{mark(record.MarkExited, "old", process, 1), mark(record.MarkReady, process, process, 2), mark(record.MarkTerminating, process, "", 3)}, []string{"old", process}},
	} {
		var got []string
		for _, l := range lifecycles(named(tt.marks)) {
			got = append(got, l.Endpoint)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: lifecycles of %q; want %q", name, got, tt.want)
		}
	}
}

// TestNamedCount: an endpoint with a name and an address is one.
func TestNamedCount(t *testing.T) {
	const address = "127.0.0.1:8080"
	run := reporttest.NewRun(t, reporttest.Steady(10, 0, ms, address), reporttest.Edited(func(run *record.Run) {
		run.Marks = []record.Mark{
			{Kind: record.MarkTerminating, Name: "replica web terminating", Endpoint: "web", Address: address, Start: ms, End: ms},
			{Kind: record.MarkEndpointRemoved, Name: "endpoint " + address + " removed", Endpoint: address, Start: 2 * ms, End: 2 * ms},
		}
	}))
	if got := EndpointCount(run); got != 1 {
		t.Errorf("%d endpoints; want 1", got)
	}
}
