package reporttest

import (
	"fmt"
	"math/rand"
	"strings"
	"testing"

	"nodrop/loadgen/record"
)

var lostClasses = []string{"connect.refused", "wait.reset", "wait.eof", "body.eof", "wait.timeout", "status.503"}

// RandomRequests returns requests with bursts of losses, some quick, some after
// a long wait.
func RandomRequests(rng *rand.Rand) []Request {
	list := Steady(50+rng.Intn(200), 0, int64(1+rng.Intn(20))*ms, Replicas(1, 1+rng.Intn(5))...)
	for range rng.Intn(6) {
		at := rng.Int63n(4000 * ms)
		for range 1 + rng.Intn(40) {
			start := at + rng.Int63n(80*ms)
			took := 1 + rng.Int63n(2*ms)
			if rng.Intn(4) == 0 {
				took = rng.Int63n(400 * ms)
			}
			q := Lost(start, start+took, lostClasses[rng.Intn(len(lostClasses))], fmt.Sprintf("gw-%d", 1+rng.Intn(5)), "text")
			if strings.HasPrefix(q.Class, "status.") {
				q.Status = 503
			}
			list = append(list, q)
		}
	}
	return list
}

// RandomMarks returns up to four marks of the kinds that reports treat
// differently.
func RandomMarks(rng *rand.Rand) []record.Mark {
	var marks []record.Mark
	kinds := []record.MarkKind{record.MarkStep, record.MarkTerminating, record.MarkExited, record.MarkNote}
	for i := range rng.Intn(5) {
		at := rng.Int63n(4000 * ms)
		marks = append(marks, record.Mark{Kind: kinds[rng.Intn(len(kinds))], Name: fmt.Sprint("mark ", i), Start: at, End: at + rng.Int63n(200*ms)})
	}
	return marks
}

// EachRandomRun calls f on random runs with bins of several widths.
func EachRandomRun(t *testing.T, f func(t *testing.T, run *record.Run)) {
	t.Helper()
	for seed := range int64(60) {
		rng := rand.New(rand.NewSource(seed))
		width := []int64{5 * ms, 10 * ms, 80 * ms}[seed%3]
		requests, marks := RandomRequests(rng), RandomMarks(rng)
		run := NewRun(t, requests, func(b *Builder) {
			b.width = width
			b.run.Marks = marks
		})
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { f(t, run) })
	}
}
