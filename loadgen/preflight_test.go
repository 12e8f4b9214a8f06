package loadgen

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
)

func TestPreflight(t *testing.T) {
	ample := machine{files: 100_000, ports: 28_232}
	sources := []netip.Addr{netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.2")}
	tests := map[string]struct {
		workers int
		sources []netip.Addr
		machine machine
		want    []string
	}{
		"ample":                     {200, nil, ample, nil},
		"unknown":                   {1_000_000, nil, machine{}, nil},
		"files":                     {1000, nil, machine{files: 1000, ports: 28_232}, []string{"-c 1000 needs 1020 open files, but the limit is 1000;"}},
		"just enough files":         {980, nil, machine{files: 1000, ports: 28_232}, nil},
		"ports":                     {30_000, nil, ample, []string{"-c 30000 needs 30000 local ports, but there are only 28232;"}},
		"ports of two addresses":    {30_000, sources, ample, nil},
		"ports of as many, and few": {60_000, sources, ample, []string{"-c 60000 needs 60000 local ports, but there are only 56464;"}},
		"both":                      {30_000, nil, machine{files: 20_000, ports: 28_232}, []string{"-c 30000 needs 30020 open files", "-c 30000 needs 30000 local ports"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l, err := New(t.Context(), Config{URL: "http://127.0.0.1/", Workers: test.workers, Requests: 1_000_000, CPUs: 2, Sources: test.sources})
			if err != nil {
				t.Fatal(err)
			}
			got := l.preflight(test.machine)
			if len(got) != len(test.want) {
				t.Fatalf("%q; want %q", got, test.want)
			}
			for i := range got {
				if !strings.HasPrefix(got[i], test.want[i]) {
					t.Errorf("%q; want %q", got[i], test.want[i])
				}
			}
		})
	}
}

func TestRestingPorts(t *testing.T) {
	linux := machine{ports: 28_232, rest: time.Minute, restLocally: time.Second}
	run := func(ours int64, lasted time.Duration, endpoints ...string) *record.Run {
		r := &record.Run{Duration: int64(lasted), Connections: record.ConnectionCount{Ours: ours}}
		for _, name := range endpoints {
			r.Endpoints = append(r.Endpoints, record.EndpointSeen{Name: name})
		}
		return r
	}
	tests := map[string]struct {
		machine machine
		run     *record.Run
		want    string // the note about ports
	}{
		"the peer closes":        {linux, run(0, time.Second, "192.0.2.1:80"), ""},
		"a few":                  {linux, run(14_116, time.Second, "192.0.2.1:80"), ""},
		"many":                   {linux, run(14_117, time.Second, "192.0.2.1:80"), "14117 of 28232"},
		"more than there are":    {linux, run(50_000, time.Second, "192.0.2.1:80"), "28232 of 28232"},
		"many, over a long time": {linux, run(50_000, 10*time.Minute, "192.0.2.1:80"), ""},
		"to two addresses":       {linux, run(20_000, time.Second, "192.0.2.1:80", "192.0.2.2:80"), ""},
		"loopback":               {linux, run(50_000, 10*time.Second, "127.0.0.1:80"), ""},
		"loopback, at once":      {linux, run(200_000, 10*time.Second, "[::1]:80"), "20000 of 28232"},
		"a name":                 {linux, run(20_000, 10*time.Second, "gw-1"), "20000 of 28232"},
		"unknown":                {machine{}, run(1<<40, time.Second, "192.0.2.1:80"), ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := test.machine.restingPorts(test.run)
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("%q; want %q", got, test.want)
			}
		})
	}
}
