// Package handshake finds connections that came about only when the kernel
// sent its request (SYN) again.
//
// A kernel drops a SYN without a word if the accept queue of the listener is
// full, and so does a network that loses packets. The client's kernel repeats
// it. On Linux it waits 1 s, then each time twice as long: the repeats come
// after 1, 3, 7 and 15 s. From 6.5 on the first four come at even intervals
// (net.ipv4.tcp_syn_linear_timeouts): after 1, 2, 3, 4, 5, 7, 11 and 19 s. Such
// connections show as peaks in the distribution of connect times, with nothing
// between them and the rest.
//
// Limits. The times include name look-ups and TLS handshakes, and are known
// only of requests that got a response, over the whole run.
package handshake

import (
	"slices"

	"nodrop/loadgen/record"
)

const (
	second = 1_000_000_000 // ns
	early  = second / 20   // by which timers may differ
	tail   = second * 3 / 10

	// Prompt is the longest time of a connection that needed no second SYN, in
	// ns.
	Prompt = second / 5

	least = 3 // fewer may be anything
)

// repeats lists when a SYN may be repeated, in s after the first one.
var repeats = [...]int64{1, 2, 3, 4, 5, 7, 11, 15, 19}

// Times sorts new connections by the time that they took.
type Times struct {
	Prompt     int64 // less than Prompt
	Late       int64 // as long as a repeat of the SYN takes
	Other      int64
	Repeats    []Repeat // of Late, in rising order
	Unanswered int64    // connection attempts that got no reply in time; not part of the others
	Longest    int64    // ns
	// Between these times responses ended that took as long as a repeated SYN; 0
	// if many had other reasons. In ns.
	From, Until int64

	otherwise int64 // name look-ups and TLS handshakes that took as long
}

// Repeat is how many connections came with one repeat of the SYN.
type Repeat struct {
	Seconds int64 // after the first SYN
	Count   int64
}

// Of sorts the connections of a run.
func Of(run *record.Run) Times {
	t := Times{Longest: run.Phases.Connect.Max}
	run.Phases.Connect.Each(t.add)
	for _, part := range []*record.Latency{&run.Phases.DNS, &run.Phases.TLS} {
		t.otherwise += longerThan(part, second/2)
	}
	silent := record.NewClass(record.StageConnect, record.CauseTimeout)
	for _, o := range run.Outcomes {
		if o.Class == silent {
			t.Unanswered += o.Count
		}
	}
	if longerThan(&run.Latency.OK, second-early)+longerThan(&run.Latency.Unexpected, second-early) <= 2*t.Late {
		t.From, t.Until = slowBins(&run.Bins)
	}
	return t
}

func (t *Times) add(ns, count int64) {
	at := slices.IndexFunc(repeats[:], func(s int64) bool { return ns >= s*second-early && ns <= s*second+tail })
	switch {
	case ns == 0: // a connection that was reused
	case at >= 0:
		t.Late += count
		if n := len(t.Repeats); n > 0 && t.Repeats[n-1].Seconds == repeats[at] {
			t.Repeats[n-1].Count += count
			return
		}
		t.Repeats = append(t.Repeats, Repeat{repeats[at], count})
	case ns < Prompt:
		t.Prompt += count
	default:
		t.Other += count
	}
}

// Repeated reports whether connections came with a repeated SYN: several did, or
// one beside others that never came about; hardly any took a time in between;
// and nothing else explains the time.
func (t *Times) Repeated() bool {
	several := t.Late >= least || t.Late > 0 && t.Unanswered > 0
	return several && t.Prompt > 0 && 4*t.Other <= t.Late && 4*t.otherwise <= t.Late
}

// longerThan counts the latencies from a length on.
func longerThan(l *record.Latency, from int64) int64 {
	var n int64
	l.Each(func(ns, count int64) {
		if ns >= from {
			n += count
		}
	})
	return n
}

// slowBins returns the begin of the first and the end of the last bin with a
// response that took as long as a repeated SYN; 0 if there is none.
func slowBins(bins *record.Bins) (from, until int64) {
	for i := range bins.List {
		if bins.List[i].Latency.Sketch().Max < second-early {
			continue
		}
		if until == 0 {
			from = int64(i) * bins.Width
		}
		until = int64(i+1) * bins.Width
	}
	return from, until
}
