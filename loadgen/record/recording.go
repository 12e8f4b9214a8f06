package record

import (
	"fmt"
	"net/netip"
	"time"
)

// Format is the name and version of the file format of a Recording.
const Format = "nodrop/1"

// Recording is a list of runs with their marks: all that a report is made of.
// Every time in it is in ns; those inside a run count from its start.
type Recording struct {
	Format string `json:"format"` // "nodrop/1"
	Runs   []*Run `json:"runs"`
	Error  string `json:"error,omitempty"` // why runs are missing, or the target is not as it was
}

// Run is one load: one variant, one repetition, one stream.
type Run struct {
	Variant     string      `json:"variant,omitempty"`    // of a scenario; "" for a plain load
	Stream      string      `json:"stream,omitempty"`     // of loads side by side; "" for the only one
	Repetition  int         `json:"repetition,omitempty"` // from 1; 0 for the only one
	Gateway     string      `json:"gateway,omitempty"`    // what it met, name and version; "" where that is not known
	Replicas    int         `json:"replicas,omitempty"`   // how many endpoints were behind what it connected to, at its begin; 0 is not known
	Settings    Settings    `json:"settings"`
	Environment Environment `json:"environment"`
	StartedAt   time.Time   `json:"startedAt"` // wall clock, once; all else is relative to it
	Duration    int64       `json:"durationNs"`
	Interrupted bool        `json:"interrupted,omitempty"` // stopped from outside before its end

	Counts      Counts          `json:"counts"`
	Outcomes    []Outcome       `json:"outcomes"` // exact, by class × fresh/reused × redirected or not × endpoint
	Statuses    map[int]int64   `json:"statuses"` // answered requests by status
	Connections ConnectionCount `json:"connections"`
	Bytes       int64           `json:"bytes"`              // body bytes of answered requests
	Unproven    int64           `json:"unproven,omitempty"` // ok, and only the end of a connection without TLS says where the body ended
	Late        int64           `json:"late"`               // ticks of -q that passed while their worker was busy

	Latency      Latencies       `json:"latency"`
	Phases       PhaseLatencies  `json:"phases"` // of answered requests
	Bins         Bins            `json:"bins"`
	Endpoints    []EndpointSeen  `json:"endpoints"`
	Lost         []LostRequest   `json:"lost"`              // in order of failure, at most 100,000
	LostUnlisted int64           `json:"lostUntold"`        // lost requests beyond those in Lost, in the counts alone
	Traces       []Trace         `json:"traces,omitempty"`  // of the first lost requests, if asked for
	Samples      []Sample        `json:"samples"`           // error texts by how often they were met
	Responses    []ErrorResponse `json:"answers,omitempty"` // with an unexpected status, by how often they came
	Marks        []Mark          `json:"marks"`             // in order of start
	Notes        []string        `json:"notes,omitempty"`

	Expect  []string `json:"expect,omitempty"`  // checks that fail the verdict when false
	Require []string `json:"require,omitempty"` // checks that make it inconclusive when false
	FailIf  []string `json:"failIf,omitempty"`  // checks that fail it when true
}

// Settings is what a run was asked to do.
type Settings struct {
	URL            string        `json:"url"`
	Method         string        `json:"method"`
	Requests       int64         `json:"requests"` // 0 when the duration decides
	Workers        int           `json:"workers"`
	Rate           float64       `json:"ratePerWorker"` // requests/s, 0 = no limit
	Duration       time.Duration `json:"durationNs"`    // asked for; 0 when the requests decide
	Timeout        time.Duration `json:"timeoutNs"`     // negative = none
	ConnectTimeout time.Duration `json:"connectTimeoutNs"`
	KeepAlive      bool          `json:"keepAlive"`
	Redirects      bool          `json:"redirects"`
	OK             StatusSet     `json:"ok"`
	Sources        []netip.Addr  `json:"sources,omitempty"`        // local addresses that connections took turns to come from
	MaxBody        int64         `json:"maxBody,omitempty"`        // bytes of a body beyond which a response was lost; 0 = any number
	EndpointHeader string        `json:"endpointHeader,omitempty"` // response field that named the replica
	Engine         Engine        `json:"engine"`                   // that ran: pool or loop
}

// Environment is where a run was made.
type Environment struct {
	Version string `json:"version"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	CPUs    int    `json:"cpus"` // used by the generator
}

// Counts is the identity: planned = started + unsent and
// started = ok + lost + spoiled + aborted, in requests.
type Counts struct {
	Planned int64 `json:"planned"`
	Started int64 `json:"started"`
	Unsent  int64 `json:"unsent"`
	OK      int64 `json:"ok"`
	Lost    int64 `json:"lost"`
	Spoiled int64 `json:"spoiled"`
	Aborted int64 `json:"aborted"`
}

// Check reports how the identity is broken, nil when it holds.
func (c Counts) Check() error {
	if c.Planned != c.Started+c.Unsent {
		return fmt.Errorf("planned %d ≠ started %d + unsent %d", c.Planned, c.Started, c.Unsent)
	}
	if c.Started != c.OK+c.Lost+c.Spoiled+c.Aborted {
		return fmt.Errorf("started %d ≠ ok %d + lost %d + spoiled %d + aborted %d", c.Started, c.OK, c.Lost, c.Spoiled, c.Aborted)
	}
	return nil
}

// Outcome counts the requests of one class (or ok) on one endpoint.
type Outcome struct {
	Fate       string `json:"fate"`            // ok, lost, spoiled, aborted
	Class      Class  `json:"class,omitempty"` // "" for ok and aborted
	Reused     bool   `json:"reused,omitempty"`
	Redirected bool   `json:"redirected,omitempty"` // of lost and spoiled: it failed after a redirect, which a server had answered with
	Endpoint   string `json:"endpoint,omitempty"`   // "" when none was reached
	Count      int64  `json:"count"`
}

// ConnectionCount counts connections, not requests.
type ConnectionCount struct {
	Opened  int64 `json:"opened"`            // handshakes that succeeded
	Stale   int64 `json:"stale"`             // kept-alive ones that the peer had closed before the next request, and that were replaced
	Waited  int64 `json:"finWaited"`         // the peer was to close first, and did
	Ours    int64 `json:"finOurs"`           // the peer was to close first, and did not in time
	Surplus int64 `json:"surplus,omitempty"` // carried bytes after the end of a response, and were dropped
}

// Latencies holds the three kinds of latency, which never share a histogram:
// from a request's start to its end, in ns.
type Latencies struct {
	OK         Latency `json:"ok"`
	Unexpected Latency `json:"unexpectedStatus"`
	Failed     Latency `json:"failed"` // lost without a response, and spoiled
}

// PhaseLatencies holds the phases of answered requests; a phase that a request
// did not have (connect on a reused connection) counts as 0 in it, as in hey.
// Connect includes DNS and TLS: hey's "DNS+dialup".
type PhaseLatencies struct {
	DNS     Latency `json:"dns"`
	Connect Latency `json:"connect"`
	TLS     Latency `json:"tls"`
	Send    Latency `json:"send"`
	Wait    Latency `json:"wait"`
	Read    Latency `json:"read"`
}

// EndpointSeen is what was seen of one endpoint; times are ns from the run's
// start, -1 for never.
type EndpointSeen struct {
	Name          string `json:"name"`
	FirstConnect  int64  `json:"firstConnectNs"` // first connection made
	LastConnect   int64  `json:"lastConnectNs"`
	FirstResponse int64  `json:"firstAnswerNs"`
	LastResponse  int64  `json:"lastAnswerNs"`
}

// LostRequest is one lost request in full.
type LostRequest struct {
	Start    int64  `json:"startNs"`
	End      int64  `json:"endNs"` // when it failed
	Class    Class  `json:"class"`
	Endpoint string `json:"endpoint,omitempty"`
	Reused   bool   `json:"reused,omitempty"`
	// Redirected: it failed after a redirect, which a server had answered with.
	Redirected bool `json:"redirected,omitempty"`
	Sample     int  `json:"sample"` // index into Samples, -1 for none
	// Connection tells those lost on one connection from those lost on others;
	// 0 when there was none.
	Connection int64 `json:"connection,omitempty"`
}

// ErrorResponse is what answers with an unexpected status had in common, and how
// many they were. Of more kinds than 64 of one status only that is kept.
type ErrorResponse struct {
	Status int      `json:"status"`
	Server string   `json:"server,omitempty"` // its Server field
	Fields []string `json:"fields,omitempty"` // telling ones, "name: value"
	Body   string   `json:"body,omitempty"`   // its first 256 bytes, as valid UTF-8
	Count  int64    `json:"count"`
}

// Sample is one error text, in hey's words, and how many requests met it.
type Sample struct {
	Class Class  `json:"class"`
	Text  string `json:"text"`
	Count int64  `json:"count"`
}
