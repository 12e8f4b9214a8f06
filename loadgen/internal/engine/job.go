package engine

import (
	"context"
	"time"

	"nodrop/loadgen/internal/expect"
	"nodrop/loadgen/internal/stall"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// Engine runs a load: it owns its connections, takes requests from the load's
// budget when the schedule allows it, and records a Result for each.
type Engine interface {
	// Run returns when there are no more requests and nothing is in flight.
	// over is when the last request ended, in ns from the run's start.
	Run(ctx context.Context) (over int64)
	// Abort ends the requests in flight, which are counted as aborted.
	Abort()
}

// Job is what an engine carries out, and all that it sees of the load.
type Job struct {
	First   Hop // the first hop of every request
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
		// First returns when a worker, numbered from 0, may start its first
		// request.
		First(worker int) time.Duration
		// Next returns when a worker that is free again at now may start its
		// next request, and how many of its turns have passed meanwhile.
		Next(due, now time.Duration) (next time.Duration, skipped int64)
	}
	Budget interface {
		// Take takes one request. Once it has returned false, there are no
		// more.
		Take(elapsed time.Duration) bool
		// Over returns a channel that is closed when there are no more
		// requests.
		Over() <-chan struct{}
	}
	Stalls interface {
		// Add adds a time for which an engine did not run.
		Add(span stall.Span)
		// Delay returns how much later than intended a limit passes.
		Delay(from, limit int64) int64
		// Ours reports whether a request took longer than limit because of
		// those times.
		Ours(from, end, limit int64) bool
	}
}

// Route says where connections go, and from where.
type Route struct {
	Endpoints wire.Endpoints                                               // for hops with Home set
	Elsewhere func(context.Context, target.Target) (*wire.Endpoint, error) // for other hops
	LooksUp   bool                                                         // Endpoints look the name up for each connection, as part of the request
	Sources   *wire.Sources
	Proxy     *wire.Proxy // nil without a proxy
	Unix      bool        // connections go to a unix socket
}

// Limits bound a request, and what is kept of it.
type Limits struct {
	Timeout        time.Duration // of a whole request; negative = no timeout
	ConnectTimeout time.Duration // of one connection attempt; 0 = only Timeout bounds it
	Expect         time.Duration // how long a body waits for the 100 (Continue) that its request expects
	MaxBody        int64         // in bytes; 0 = no limit
	Lingering      int           // how many connections may be left for their peers to close
}

// Responses says how responses are judged and what follows them.
type Responses struct {
	OK        *record.StatusBits
	Wanted    *expect.Wanted // what else a response must have to be ok; nil for nothing
	KeepAlive bool           // connections carry more than one request
	Captured  []string       // the fields that parsers capture, one list for all
	Redirects bool           // redirects are followed
	NewHop    func(t target.Target, method string, body Payload, sameHost bool) Hop
}

// Ledger is where the outcomes of requests are recorded.
type Ledger struct {
	Recorder *record.Recorder
	Traces   *record.Traces
	Failed   func(at *Hop, err error) // called for each failure: some end the load
	Products *product.Noted           // what ok responses name; nil = not noted
}

// Handoff continues requests that another engine began and cannot end: those
// redirected to where that engine does not go.
type Handoff interface {
	// Follower returns the Follower for the requests of one worker. made is the
	// number of connections that the worker has made; the Follower adds its
	// own.
	Follower(worker int, made *int64, tally *record.Tally) Follower
	// Abort ends the requests in flight.
	Abort()
	// Wait returns when no connection is left open for its peer to close.
	Wait()
}

// Follower continues the requests of one worker, one at a time.
type Follower interface {
	// Follow continues a request from the hop next on, after followed
	// redirects. r is its Result so far. Follow returns when the request is
	// over; its return value is valid until the next call.
	Follow(ctx context.Context, r *record.Result, next *Hop, followed int) *record.Result
}

// Since returns t on the run's clock, in ns.
func (j *Job) Since(t time.Time) int64 { return int64(t.Sub(j.Base)) }

// Deadline returns when a request that started at ns times out.
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

// PatientText is what hey adds if -t ended a connection attempt.
const PatientText = " (Client.Timeout exceeded while awaiting headers)"

// DialFailure returns the stage and the error text of a failed connection
// attempt.
func (j *Job) DialFailure(at *Hop, why string) (record.Stage, string) {
	switch {
	case j.Proxy != nil:
		return record.StageProxy, "proxyconnect tcp: dial tcp " + at.Address + ": " + why
	case j.Unix:
		return record.StageConnect, "dial unix " + at.Address + ": " + why
	}
	return record.StageConnect, "dial tcp " + at.Address + ": " + why
}

// ConnectionNumber returns the number of the next connection of worker i, which
// has made *made so far, and counts it.
func ConnectionNumber(i int, made *int64, workers int) int64 {
	*made++
	return int64(i) + 1 + (*made-1)*int64(workers)
}
