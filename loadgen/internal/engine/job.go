package engine

import (
	"context"
	"time"

	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// Engine carries a load out: it owns its connections, takes requests from the
// load's budget when the schedule lets it, and records a Result for each.
type Engine interface {
	// Run returns when the budget is over and nothing is in flight: the time, in
	// ns from the run's start, when the last request was over.
	Run(ctx context.Context) (over int64)
	// Abort ends what is in flight; those requests are counted as aborted.
	Abort()
}

// Job is what an engine carries out, and all that it knows of the load.
type Job struct {
	First   Hop // of every request
	Workers int
	Pace
	Route
	Limits
	Responses
	Ledger
}

// Pace says when requests start.
type Pace struct {
	Base     time.Time // the run's start; set before the engine runs
	Schedule interface {
		// First is when a worker, from 0, may start its first request.
		First(worker int) time.Duration
		// Next is when a worker that is free again at now may start its next
		// one, and how many of its turns have passed meanwhile.
		Next(due, now time.Duration) (next time.Duration, skipped int64)
	}
	Budget interface {
		// Take asks for one request; false: there will be no more.
		Take(elapsed time.Duration) bool
		// Over is closed when there are no more.
		Over() <-chan struct{}
	}
	Stalls interface {
		// Add adds a time for which an engine did not run.
		Add(span stall.Span)
		// Delay is how much later than meant a limit passes.
		Delay(from, limit int64) int64
		// Ours reports that what took longer than limit did so because of them.
		Ours(from, end, limit int64) bool
	}
}

// Route says where connections go, and from where.
type Route struct {
	Endpoints wire.Endpoints                                               // for hops that are at home
	Elsewhere func(context.Context, target.Target) (*wire.Endpoint, error) // for others
	LooksUp   bool                                                         // Endpoints ask a name server each time, within the request
	Sources   *wire.Sources
	Proxy     *wire.Proxy // nil without one
	Unix      bool        // Endpoints is a unix socket
}

// Limits bound a request, and what is kept of it.
type Limits struct {
	Timeout        time.Duration // of a whole request; negative = none
	ConnectTimeout time.Duration // of one connection; 0 = only Timeout bounds it
	Expect         time.Duration // how long a body waits for the 100 (Continue) that was asked for
	MaxBody        int64         // 0 = any number of bytes
	Lingering      int           // how many connections may be left for their peers to close
}

// Responses says what a response is taken for.
type Responses struct {
	OK        *record.StatusBits
	KeepAlive bool     // connections carry more than one
	Captured  []string // the fields that parsers capture, one list for all
	Redirects bool     // are followed
	NewHop    func(t target.Target, method string, body Payload, sameHost bool) Hop
}

// Ledger is where it is written down what became of requests.
type Ledger struct {
	Recorder *record.Recorder
	Traces   *record.Traces
	Failed   func(at *Hop, err error) // is told of each failure where TLS may be spoken: some end the load
}

// Handoff carries on what another engine began and cannot end: a redirect that
// leads where it does not go.
type Handoff interface {
	// Follower is for the requests of one worker, which has made so many
	// connections; those that the Follower makes are added.
	Follower(worker int, made *int64, tally *record.Tally) Follower
	// Abort ends what is in flight.
	Abort()
	// Wait returns when no connection is left open for its peer to close.
	Wait()
}

// Follower carries on the requests of one worker, one at a time.
type Follower interface {
	// Follow carries on a request of which r is known, from next on, the hop
	// after so many. It returns when the request is over; what it returns is
	// valid until the next call.
	Follow(ctx context.Context, r *record.Result, next *Hop, followed int) *record.Result
}

// Since is a time on the run's clock, in ns.
func (j *Job) Since(t time.Time) int64 { return int64(t.Sub(j.Base)) }

// Deadline is when a request that started at ns times out.
func (j *Job) Deadline(ns int64) time.Time {
	if j.Timeout < 0 {
		return time.Time{}
	}
	return j.Base.Add(time.Duration(ns) + j.Timeout)
}

// Late reports whether a request took longer than -t.
func (j *Job) Late(start, end int64) bool {
	return j.Timeout > 0 && end-start > int64(j.Timeout)
}

// PatientText is what hey adds when it was -t that ended a connection attempt.
const PatientText = " (Client.Timeout exceeded while awaiting headers)"

// DialFailure is the stage of a connection that could not be made, and the
// words for it.
func (j *Job) DialFailure(at *Hop, why string) (record.Stage, string) {
	switch {
	case j.Proxy != nil:
		return record.StageProxy, "proxyconnect tcp: dial tcp " + at.Address + ": " + why
	case j.Unix:
		return record.StageConnect, "dial unix " + at.Address + ": " + why
	}
	return record.StageConnect, "dial tcp " + at.Address + ": " + why
}

// ConnectionNumber numbers the next connection of worker i, which has made so
// many.
func ConnectionNumber(i int, made *int64, workers int) int64 {
	*made++
	return int64(i) + 1 + (*made-1)*int64(workers)
}
