package lab

import (
	"bytes"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
)

// TestCapacity checks that responses during the warm-up or after the
// measurement do not count, and that capacity has a minimum without responses.
func TestCapacity(t *testing.T) {
	bins := func(responded ...int64) *record.Bins {
		b := &record.Bins{Width: int64(250 * time.Millisecond)}
		for _, n := range responded {
			b.List = append(b.List, record.Bin{Responded: n})
		}
		return b
	}
	for name, tt := range map[string]struct {
		bins *record.Bins
		want float64
	}{
		"even":          {bins(1000, 1000, 1000, 1000, 1000, 1000), 4000},
		"slow at first": {bins(1, 2, 500, 500, 500, 510), 2000},
		"a late one":    {bins(0, 0, 500, 500, 500, 500, 900), 2000},
		"two digits":    {bins(0, 0, 100, 200, 300, 99), 690},
		"nothing":       {bins(), 130}, // 200 workers, 1.5 s each
		"far below":     {bins(0, 0, 1, 1, 1, 1), 130},
	} {
		if got := capacity(tt.bins, 200); got != tt.want {
			t.Errorf("%s: got %v; want %v", name, got, tt.want)
		}
	}
}

// TestPace: the chosen rate is one that this machine can sustain, never above
// the default, and a run lasts ten seconds.
func TestPace(t *testing.T) {
	if got := (&Pace{}).String(); got != "measure how many requests this machine can send" {
		t.Errorf("before it has measured: %s", got)
	}
	for _, tt := range []struct {
		measured  float64
		workers   int
		rate      float64
		requests  int64
		perWorker float64
	}{
		{60000, 200, 5000, 50000, 25},
		{17000, 200, 5000, 50000, 25},
		{10000, 200, 3000, 30000, 15},
		{2200, 200, 650, 6500, 3.25},
		{520, 200, 150, 1500, 0.75},
		{130, 200, 35, 350, 0.175},
		{10, 200, 3, 200, 0.015}, // no fewer requests than workers
		{60000, 10, 250, 2500, 25},
	} {
		given := loadgen.Config{URL: "http://gateway/", Workers: tt.workers, Rate: 25, Requests: 50000}
		p := &Pace{Load: given, Count: true, measured: tt.measured}
		cfg := given
		p.adapt(&cfg)
		if cfg.Requests != tt.requests || cfg.Rate != tt.perWorker || p.rate() != tt.rate {
			t.Errorf("%v/s: got %d requests at %v/s, %v of each worker; want %+v", tt.measured, cfg.Requests, p.rate(), cfg.Rate, tt)
		}
		p.Count = false
		cfg = given
		if p.adapt(&cfg); cfg.Requests != 50000 {
			t.Errorf("%v/s: got %d requests; want those that were given", tt.measured, cfg.Requests)
		}
	}
}

// TestPaceMeasures measures once for all runs and reports the rate in each.
func TestPaceMeasures(t *testing.T) {
	var told bytes.Buffer
	p := &Pace{
		Options: Options{Replicas: 2, Stop: gateway.Abrupt}, Count: true, Tell: &told,
		Load: loadgen.Config{URL: "http://gateway/", Workers: 10, Rate: 25, Requests: 50000, DisableKeepAlive: true},
	}
	for range 2 {
		env := &scenario.Env{}
		if err := p.Run(testContext(t), env); err != nil {
			t.Fatal(err)
		}
		cfg := p.Load
		env.Adapt(&cfg)
		if cfg.Rate <= 0 || cfg.Rate > 25 || p.measured <= 0 {
			t.Errorf("measured %v/s, chosen %v of each worker", p.measured, cfg.Rate)
		}
		if len(env.Notes) != 1 || told.String() != "nodrop: "+env.Notes[0]+"\n" {
			t.Errorf("got %q and the notes %q", told.String(), env.Notes)
		}
		expectNoChildren(t)
	}
}

func TestPerSecond(t *testing.T) {
	for rate, want := range map[float64]string{0.5: "0.5", 250: "250", 2000: "2,000", 8200: "8,200", 123_456: "123,456", 1_234_567.5: "1,234,567.5"} {
		if got := perSecond(rate); got != want {
			t.Errorf("%v: got %s; want %s", rate, got, want)
		}
	}
}
