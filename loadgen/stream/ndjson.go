package stream

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// Format is the name and version of the format that NDJSON writes.
const Format = "nodrop-stream/1"

// maxStreamLine limits a line, in bytes, because a reader has to hold it in
// memory. Only the end of a run, with its marks and traces, can be long.
const maxStreamLine = 64 << 20

// NDJSON writes the contents of a Recording while its runs are in progress, one
// JSON object per line. Read rebuilds the same Recording from it.
//
//	{"format":"nodrop-stream/1","run":{…}}         a run begins; see streamRun
//	{"fate":"ok","startNs":…,"endNs":…,…}          one finished request; see streamRequest
//	{"probe":{…}}                                  one connection beside the load; see record.Probe
//	{"end":{…}}                                    the run is over; see streamEnd
//	{"format":"nodrop-stream/1","recording":{…}}   nothing follows; see streamRecording
//
// Requests come in order of completion, except for those that complete at the
// same time. For runs in parallel, each request, each probe and each end has
// "of": the number of its run, from 1, in the order in which the runs began.
type NDJSON struct {
	lines lineWriter
	runs  int // number of runs begun
}

type ndjsonRun struct {
	of   int    // its number if runs are in parallel, else 0
	head string // the start of a request's line
	to   *NDJSON
}

// NewNDJSON returns an NDJSON that writes to w. It writes nothing yet.
func NewNDJSON(w io.Writer) *NDJSON { return &NDJSON{lines: newLineWriter(w)} }

// streamRun is the part of a Run that is known when it begins.
type streamRun struct {
	Variant     string             `json:"variant,omitempty"`
	Stream      string             `json:"stream,omitempty"`
	Repetition  int                `json:"repetition,omitempty"`
	Gateway     string             `json:"gateway,omitempty"`
	Replicas    int                `json:"replicas,omitempty"`
	Settings    record.Settings    `json:"settings"`
	Environment record.Environment `json:"environment"`
	StartedAt   time.Time          `json:"startedAt"`
}

// streamRequest is one request. Fields that are 0, "" or false may be left out.
// Times are ns from the run's start; phases are in ns (see Phases).
type streamRequest struct {
	Fate     string `json:"fate"` // ok, lost, spoiled, aborted
	Class    string `json:"class"`
	Start    int64  `json:"startNs"`
	Finish   int64  `json:"endNs"`
	Status   int    `json:"status"`
	Reused   bool   `json:"reused"`
	Followed bool   `json:"redirected"` // a redirect was followed
	Endpoint string `json:"endpoint"`
	Number   int64  `json:"connection"` // number of the connection, from 1
	Idle     int64  `json:"idleNs"`     // of lost requests: for how long a reused connection had carried nothing
	Goaway   int64  `json:"goawayNs"`   // of lost requests: how long before the connection ended the server had sent GOAWAY
	Bytes    int64  `json:"bytes"`
	Unproven bool   `json:"unproven"` // only the close of a connection without TLS marks the end of the body
	Unsized  bool   `json:"unsized"`  // the head did not say how long the body is
	DNS      int64  `json:"dnsNs"`
	Connect  int64  `json:"connectNs"` // DNS and TLS included
	TLS      int64  `json:"tlsNs"`
	Send     int64  `json:"sendNs"`
	Wait     int64  `json:"waitNs"`
	Read     int64  `json:"readNs"`
	Sample   string `json:"sample"` // error text

	Response *record.ErrorResponse `json:"answer"` // with an unexpected status
}

// streamEnd is a Run without the fields computed from its requests: each field
// here hides the one of Run with the same JSON name. A field that is added to
// Run later is therefore in the line unless it is added here. The counts of
// fates are in the line only for people to read.
type streamEnd struct {
	*record.Run
	Outcomes     decided `json:"outcomes,omitempty"`
	Statuses     decided `json:"statuses,omitempty"`
	Bytes        decided `json:"bytes,omitempty"`
	Unproven     decided `json:"unproven,omitempty"`
	Lengths      decided `json:"lengths,omitempty"`
	Latency      decided `json:"latency,omitempty"`
	Phases       decided `json:"phases,omitempty"`
	Bins         decided `json:"bins,omitempty"`
	Lost         decided `json:"lost,omitempty"`
	LostUnlisted decided `json:"lostUntold,omitempty"`
	Samples      decided `json:"samples,omitempty"`
	Responses    decided `json:"answers,omitempty"`
	Probes       decided `json:"probes,omitempty"` // each has its own line
}

// decided replaces a field that is computed from the requests; it stays empty.
type decided = json.RawMessage

// streamRecording is the part of a Recording that is known after all runs.
type streamRecording struct {
	Runs  int    `json:"runs"`
	Error string `json:"error,omitempty"`
}

// streamLine is any line. One of Run, Probe, End and Recording is set, or none
// for a request.
type streamLine struct {
	Format    string           `json:"format,omitempty"`
	Run       *streamRun       `json:"run,omitempty"`
	Probe     *record.Probe    `json:"probe,omitempty"`
	End       *streamEnd       `json:"end,omitempty"`
	Recording *streamRecording `json:"recording,omitempty"`
	Of        int              `json:"of,omitempty"` // the run of a request, a Probe or an End; 0 = the only run in progress
}

// Begin writes the run's first line.
func (n *NDJSON) Begin(run *record.Run) record.RunSink {
	n.runs++
	r := &ndjsonRun{to: n, head: `{"fate":"`}
	if run.Stream != "" {
		r.of, r.head = n.runs, fmt.Sprintf(`{"of":%d,"fate":"`, n.runs)
	}
	n.object(streamLine{Format: Format, Run: &streamRun{run.Variant, run.Stream, run.Repetition, run.Gateway, run.Replicas, run.Settings, run.Environment, run.StartedAt}})
	return r
}

// Record writes the line of one request.
func (n *ndjsonRun) Record(r *record.Result, endpoint string) {
	lines := &n.to.lines
	b := lines.buffer()
	*b = appendRequest(append(*b, n.head...), r, endpoint)
	lines.put(b, r.End)
}

// Probe writes the line of one probe.
func (n *ndjsonRun) Probe(p *record.Probe) { n.to.object(streamLine{Probe: p, Of: n.of}) }

// End writes the run's last line.
func (n *ndjsonRun) End(run *record.Run) {
	n.to.object(streamLine{End: &streamEnd{Run: run}, Of: n.of})
}

// Close writes the last line.
func (n *NDJSON) Close(rec *record.Recording) error {
	n.object(streamLine{Format: Format, Recording: &streamRecording{len(rec.Runs), rec.Error}})
	return n.lines.err
}

// object writes a line other than a request's, and flushes.
func (n *NDJSON) object(line streamLine) {
	text, err := json.Marshal(line)
	text = safetext.EscapeJSON(text)
	if err == nil && len(text) >= maxStreamLine {
		err = fmt.Errorf("a line of %d bytes is too long to be read back", len(text))
	}
	l := &n.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
	l.write(append(text, '\n'))
	l.flush()
	l.flushed = 0
}

// appendRequest encodes one request in the form of streamRequest, after its
// `"fate":"`.
func appendRequest(b []byte, r *record.Result, endpoint string) []byte {
	b = append(b, r.Fate.String()...)
	b = strconv.AppendInt(append(b, `","startNs":`...), r.Start, 10)
	b = strconv.AppendInt(append(b, `,"endNs":`...), r.End, 10)
	if r.Class != 0 {
		b = append(r.Class.Append(append(b, `,"class":"`...)), '"')
	}
	b = strconv.AppendInt(append(b, `,"status":`...), int64(r.Status), 10)
	b = strconv.AppendBool(append(b, `,"reused":`...), r.Reused)
	if r.Redirected {
		b = append(b, `,"redirected":true`...)
	}
	b = strconv.AppendInt(append(b, `,"bytes":`...), r.Bytes, 10)
	if r.Unproven {
		b = append(b, `,"unproven":true`...)
	}
	if r.Unsized {
		b = append(b, `,"unsized":true`...)
	}
	if endpoint != "" {
		b = appendString(append(b, `,"endpoint":`...), endpoint)
	}
	if r.Connection != 0 {
		b = strconv.AppendInt(append(b, `,"connection":`...), r.Connection, 10)
	}
	if r.Idle != 0 && r.Fate == record.FateLost {
		b = strconv.AppendInt(append(b, `,"idleNs":`...), r.Idle, 10)
	}
	if r.Goaway != 0 && r.Fate == record.FateLost {
		b = strconv.AppendInt(append(b, `,"goawayNs":`...), r.Goaway, 10)
	}
	p := &r.Phases
	for _, phase := range [...]struct {
		key string
		ns  int64
	}{
		{`,"dnsNs":`, p.DNS},
		{`,"connectNs":`, p.Connect},
		{`,"tlsNs":`, p.TLS},
		{`,"sendNs":`, p.Send},
		{`,"waitNs":`, p.Wait},
		{`,"readNs":`, p.Read},
	} {
		if phase.ns != 0 {
			b = strconv.AppendInt(append(b, phase.key...), phase.ns, 10)
		}
	}
	if r.Sample != "" {
		b = appendString(append(b, `,"sample":`...), r.Sample)
	}
	if len(r.Response) > 0 {
		b = appendResponse(append(b, `,"answer":`...), r.Response)
	}
	return append(b, "}\n"...)
}

// appendResponse encodes the output of ResponseText as an ErrorResponse without
// count.
func appendResponse(b, text []byte) []byte {
	status, text, _ := bytes.Cut(text, []byte{0})
	server, text, _ := bytes.Cut(text, []byte{0})
	fields, body, _ := bytes.Cut(text, []byte{0})
	b = append(append(b, `{"status":`...), status...)
	b = appendString(append(b, `,"server":`...), server)
	b = append(b, `,"fields":[`...)
	for i := 0; len(fields) > 0; i++ {
		var field []byte
		field, fields, _ = bytes.Cut(fields, []byte{'\n'})
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, field)
	}
	b = appendString(append(b, `],"body":`...), body)
	return append(b, '}')
}

// appendString encodes a JSON string; encoding/json handles the rare characters.
func appendString[text string | []byte](b []byte, s text) []byte {
	begin := len(b)
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ' || c >= 0x7f:
			quoted, _ := json.Marshal(string(s)) // encoding a string cannot fail
			return append(b[:begin], safetext.EscapeJSON(quoted)...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
