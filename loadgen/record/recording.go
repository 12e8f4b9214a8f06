package record

import (
	"fmt"
	"net/netip"
	"time"

	"nodrop/loadgen/record/ledger"
	"nodrop/loadgen/record/length"
	"nodrop/loadgen/record/secure"
	"nodrop/loadgen/record/trials"
)

// Format is the name and version of the file format of a Recording.
const Format = "nodrop/1"

// Recording is a list of runs with their marks, and the only input of a report.
// All its times are in ns; those within a run count from the run's start.
type Recording struct {
	Format string `json:"format"` // "nodrop/1"
	Runs   []*Run `json:"runs"`
	Error  string `json:"error,omitempty"` // why runs are missing, or why the target was not restored

	Search *trials.Search `json:"search,omitempty"` // what the runs are for, if they are the trials of a search
	Proof  *Proof         `json:"proof,omitempty"`  // of nodrop prove
}

// Run is one load: one variant, one repetition, one stream.
type Run struct {
	Variant     string      `json:"variant,omitempty"`    // of a scenario; "" for a plain load
	Stream      string      `json:"stream,omitempty"`     // its name among parallel loads; "" for a single load
	Repetition  int         `json:"repetition,omitempty"` // from 1; 0 for a single run
	Gateway     string      `json:"gateway,omitempty"`    // the gateway in front of the target, name and version; "" if unknown
	Replicas    int         `json:"replicas,omitempty"`   // number of endpoints behind the address at the start; 0 = unknown
	Products    []string    `json:"products,omitempty"`   // gateways and platforms known to be part of the target: named by the user, by a scenario or by fields of responses
	Settings    Settings    `json:"settings"`
	Environment Environment `json:"environment"`
	StartedAt   time.Time   `json:"startedAt"` // the only wall-clock time; all others are relative to it
	Duration    int64       `json:"durationNs"`
	Interrupted bool        `json:"interrupted,omitempty"` // stopped from outside before its end

	Counts      Counts             `json:"counts"`
	Outcomes    []Outcome          `json:"outcomes"` // exact, by class × fresh/reused × redirected or not × endpoint
	Statuses    map[int]int64      `json:"statuses"` // answered requests by status
	Connections ConnectionCount    `json:"connections"`
	TLS         *secure.Handshakes `json:"tls,omitempty"`      // nil = there were none
	HTTP2       *ledger.HTTP2      `json:"http2,omitempty"`    // nil = HTTP/2 was not asked for
	Bytes       int64              `json:"bytes"`              // body bytes of answered requests
	Unproven    int64              `json:"unproven,omitempty"` // ok, but only the close of a connection without TLS marks the end of the body
	Lengths     *length.Line       `json:"lengths,omitempty"`  // of the bodies, in bytes on the wire, of ok responses with status 200 whose head did not say how long the body is; nil = there were none
	Late        int64              `json:"late"`               // ticks of -q that passed while their worker was busy

	Latency      Latencies       `json:"latency"`
	Phases       PhaseLatencies  `json:"phases"` // of answered requests
	Bins         Bins            `json:"bins"`
	Endpoints    []EndpointSeen  `json:"endpoints"`
	Lost         []LostRequest   `json:"lost"`              // in order of failure, at most 100,000
	LostUnlisted int64           `json:"lostUntold"`        // lost requests that are in the counts but not in Lost
	Traces       []Trace         `json:"traces,omitempty"`  // of the first lost requests, if requested
	Samples      []Sample        `json:"samples"`           // error texts, the most frequent first
	Responses    []ErrorResponse `json:"answers,omitempty"` // with an unexpected status, the most frequent first
	Marks        []Mark          `json:"marks"`             // in order of start
	Notes        []string        `json:"notes,omitempty"`

	// Connections beside the load, which are in no count: see Probe.
	Probes         []Probe `json:"probes,omitempty"`         // in order of their end, at most 10,000
	ProbesUnlisted int64   `json:"probesUnlisted,omitempty"` // probes in no list: beyond those, cut by the end of the load, or failed over a TLS session
	ProbesSpoiled  int64   `json:"probesSpoiled,omitempty"`  // probes that failed because of this machine; not among the others

	Expect  []string `json:"expect,omitempty"`  // checks that fail the verdict when false
	Require []string `json:"require,omitempty"` // checks that make the verdict inconclusive when false
	FailIf  []string `json:"failIf,omitempty"`  // checks that fail the verdict when true
}

// Settings is what a run was asked to do.
type Settings struct {
	URL            string        `json:"url"`
	Method         string        `json:"method"`
	Requests       int64         `json:"requests"` // 0 when the duration decides
	Workers        int           `json:"workers"`
	Rate           float64       `json:"ratePerWorker"` // requests/s, 0 = no limit
	Duration       time.Duration `json:"durationNs"`    // as requested; 0 when the number of requests decides
	Timeout        time.Duration `json:"timeoutNs"`     // negative = none
	ConnectTimeout time.Duration `json:"connectTimeoutNs"`
	KeepAlive      bool          `json:"keepAlive"`
	Protocol       string        `json:"protocol,omitempty"` // h2 (HTTP/2 over TLS), h2c (HTTP/2 over cleartext); "" = HTTP/1.1
	Streams        int           `json:"streams,omitempty"`  // over HTTP/2: most requests at a time on a connection, if the server allows as many
	Redirects      bool          `json:"redirects"`
	TLSResume      bool          `json:"tlsResume,omitempty"` // new connections resumed TLS sessions where the server gave tickets
	OK             StatusSet     `json:"ok"`
	Sources        []netip.Addr  `json:"sources,omitempty"`        // local addresses that connections used in turn
	MaxBody        int64         `json:"maxBody,omitempty"`        // body size in bytes beyond which a response is lost; 0 = no limit
	EndpointHeader string        `json:"endpointHeader,omitempty"` // response field that named the replica
	ExpectBody     string        `json:"expectBody,omitempty"`     // what a body had to be: a pattern, sha256:HEX or length:N; "" = anything
	ExpectHeaders  []string      `json:"expectHeaders,omitempty"`  // "NAME: PATTERN" of each response field that had to match
	Engine         Engine        `json:"engine"`                   // the one that ran: pool or loop
}

// Environment is the machine and version that made a run.
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

// Check returns an error if the identity does not hold.
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
	Class      Class  `json:"class,omitempty"` // "" for ok and aborted; of ok, those that --ok goaway accepts without a response have one
	Reused     bool   `json:"reused,omitempty"`
	Redirected bool   `json:"redirected,omitempty"` // of lost and spoiled: it failed after a redirect, so a server had already answered
	Endpoint   string `json:"endpoint,omitempty"`   // "" if no endpoint was reached
	Count      int64  `json:"count"`
}

// ConnectionCount counts connections, not requests.
type ConnectionCount struct {
	Opened  int64 `json:"opened"`            // handshakes that succeeded
	Stale   int64 `json:"stale"`             // kept-alive connections that the peer had closed before the next request; replaced
	Waited  int64 `json:"finWaited"`         // the peer was given time to close first, and closed in time
	Ours    int64 `json:"finOurs"`           // the peer was given time to close first, but did not close in time
	Surplus int64 `json:"surplus,omitempty"` // dropped because bytes followed the end of a response
}

// Latencies holds the three kinds of latency, from a request's start to its
// end, in ns. They never share a histogram.
type Latencies struct {
	OK         Latency `json:"ok"`
	Unexpected Latency `json:"unexpectedStatus"`
	Failed     Latency `json:"failed"` // those without a response: lost, spoiled, or ok with --ok goaway
}

// PhaseLatencies holds the phases of answered requests. A phase that a request
// did not have (connect on a reused connection) counts as 0, as in hey. Connect
// includes DNS and TLS: hey's "DNS+dialup".
type PhaseLatencies struct {
	DNS     Latency `json:"dns"`
	Connect Latency `json:"connect"`
	TLS     Latency `json:"tls"`
	Send    Latency `json:"send"`
	Wait    Latency `json:"wait"`
	Read    Latency `json:"read"`
}

// latenciesOf returns all histograms of a run.
func latenciesOf(l *Latencies, p *PhaseLatencies) [9]*Latency {
	return [...]*Latency{&l.OK, &l.Unexpected, &l.Failed, &p.DNS, &p.Connect, &p.TLS, &p.Send, &p.Wait, &p.Read}
}

// EndpointSeen is when an endpoint was connected to and answered. Times are ns
// from the run's start, -1 for never.
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
	// Redirected: it failed after a redirect, so a server had already answered.
	Redirected bool `json:"redirected,omitempty"`
	Sample     int  `json:"sample"` // index into Samples, -1 for none
	// Connection identifies the connection, so that requests lost on the same
	// one can be grouped; 0 if there was none.
	Connection int64 `json:"connection,omitempty"`
	// Idle is for how long a reused connection had carried nothing when the
	// request was sent, in ns; 0 if it was fresh, or not known.
	Idle int64 `json:"idleNs,omitempty"`
	// Goaway is how long before its connection ended under the request the server
	// had sent GOAWAY, in ns; 0 if it had not, or if the connection did not end.
	Goaway int64 `json:"goawayNs,omitempty"`
}

// ErrorResponse is one kind of response with an unexpected status, and how many
// there were. Beyond 64 kinds of one status, the rest share an entry that has
// only the status.
type ErrorResponse struct {
	Status int      `json:"status"`
	Server string   `json:"server,omitempty"` // its Server field
	Fields []string `json:"fields,omitempty"` // those in Telling, "name: value"
	Body   string   `json:"body,omitempty"`   // its first 256 bytes, as valid UTF-8
	Count  int64    `json:"count"`
}

// Sample is one error text, worded as hey words it, and how many requests met it.
type Sample struct {
	Class Class  `json:"class"`
	Text  string `json:"text"`
	Count int64  `json:"count"`
}
