package loadgen_test

import (
	"strings"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// TestEndlessResponses: with -t 0, the end of -z waits for requests in flight as
// Ctrl-C does, and the run notes what it aborted.
func TestEndlessResponses(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			t.Parallel()
			server := way.start(t, faultserver.Always(faultserver.SilenceInBody))
			load := newLoad(t, loadgen.Config{
				URL: server.URL(), Workers: 3, Duration: time.Millisecond, Timeout: -1, DrainBound: 10 * time.Millisecond,
				TLS: trusting(t), Engine: way.engine,
			})
			load.Hold() // otherwise a slow machine may miss the duration
			done := make(chan *record.Run)
			go func() { done <- load.Run(t.Context()) }()
			for server.Counts().Requests < 3 {
				time.Sleep(time.Millisecond) // polls for the state instead of guessing when it is reached
			}
			load.Release()
			run := <-done
			checkInvariants(t, run)
			if want := (record.Counts{Planned: 3, Started: 3, Aborted: 3}); run.Counts != want || run.Interrupted {
				t.Errorf("got %+v, interrupted %t; want %+v, false", run.Counts, run.Interrupted, want)
			}
			const want = "nodrop aborted 3 requests that were still in flight 10ms after the end of -z (-t 0 sets no timeout)"
			if notes := strings.Join(run.Notes, "\n"); !strings.Contains(notes, want) {
				t.Errorf("notes:\n%s\nwant: %s", notes, want)
			}
		})
	}
}
