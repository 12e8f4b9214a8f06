package stream

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"nodrop/loadgen/record"
)

// readStream rebuilds the Recording of a stream that NDJSON wrote. It uses the
// same recorder as a live run, and no more memory. If the stream was cut short,
// the Recording holds what was there, and its Error says so.
func readStream(src io.Reader) (*record.Recording, error) {
	s := &streamReader{
		rec:     &record.Recording{Format: record.Format, Runs: []*record.Run{}},
		classes: map[string]record.Class{},
	}
	lines := bufio.NewScanner(src)
	lines.Buffer(make([]byte, lineBuffer), maxStreamLine)
	lines.Split(s.split)
	for n := 1; lines.Scan(); n++ {
		err := s.read(lines.Bytes())
		switch {
		case err == nil:
		case s.torn && isSyntax(err) && n == 1:
			return nil, errors.New("stream cut short in its first line")
		case s.torn && isSyntax(err) && !s.complete:
			return s.finish(" in the middle of a line"), nil
		default:
			return nil, fmt.Errorf("stream: line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, describeScan(err)
	}
	return s.finish(""), nil
}

func describeScan(err error) error {
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("stream: line over %d bytes", maxStreamLine)
	}
	return err
}

func isSyntax(err error) bool {
	_, ok := errors.AsType[*json.SyntaxError](err)
	return ok
}

type streamReader struct {
	rec      *record.Recording
	runs     []*streamedRun // in the order in which they began
	complete bool           // the last line was read
	torn     bool           // the current line has no line break at its end

	line    anyLine
	classes map[string]record.Class // by name
}

type anyLine struct {
	streamLine
	streamRequest
}

// streamedRun is a run that is being read.
type streamedRun struct {
	run      *record.Run
	recorder *record.Recorder
	requests int64
	last     int64 // the latest end of a request, ns
	over     bool  // run is complete
}

// split splits lines as bufio.ScanLines does, and records a last line without
// end.
func (s *streamReader) split(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if !atEOF || len(data) == 0 {
		return 0, nil, nil
	}
	s.torn = true
	return len(data), data, nil
}

func (s *streamReader) read(text []byte) error {
	s.line = anyLine{}
	if err := json.Unmarshal(text, &s.line); err != nil {
		return err
	}
	l := &s.line
	if l.Format != "" && l.Format != Format {
		return fmt.Errorf("format %s; this version reads %s", l.Format, Format)
	}
	switch {
	case s.complete:
		return errors.New("data after the end of the recording")
	case l.Fate != "":
		return s.request(l.Of, &l.streamRequest)
	case l.Run != nil:
		return s.begin(l.Run)
	case l.Probe != nil:
		return s.probe(l.Of, l.Probe)
	case l.End != nil && l.End.Run != nil:
		return s.end(l.Of, l.End.Run)
	case l.Recording != nil:
		return s.close(l.Recording)
	}
	return errors.New("not a line of a nodrop stream")
}

func (s *streamReader) begin(head *streamRun) error {
	switch {
	case head.Stream == "" && s.underWay() > 0:
		return errors.New("a run begins before the previous one has ended")
	case len(s.runs) >= record.MaxRuns:
		return fmt.Errorf("more than %d runs", record.MaxRuns)
	}
	s.runs = append(s.runs, &streamedRun{
		run:      &record.Run{Variant: head.Variant, Stream: head.Stream, Repetition: head.Repetition, Gateway: head.Gateway, Replicas: head.Replicas, Settings: head.Settings, Environment: head.Environment, StartedAt: head.StartedAt},
		recorder: record.NewRecorder(1),
	})
	return nil
}

// underWay counts the runs that have begun but not ended.
func (s *streamReader) underWay() int {
	n := 0
	for _, u := range s.runs {
		if !u.over {
			n++
		}
	}
	return n
}

// find returns the open run with a number, or the latest run for 0; nil if none.
func (s *streamReader) find(of int) *streamedRun {
	if of == 0 {
		of = len(s.runs)
	}
	if of < 1 || of > len(s.runs) || s.runs[of-1].over {
		return nil
	}
	return s.runs[of-1]
}

// request counts one request as a worker does.
func (s *streamReader) request(of int, q *streamRequest) error {
	u := s.find(of)
	if u == nil {
		return errors.New("a request outside any run")
	}
	r, err := s.result(u, q)
	if err != nil {
		return err
	}
	u.requests++
	u.last = max(u.last, r.End)
	shard := u.recorder.Shards[0]
	shard.Start(r.Start)
	shard.Finish(r)
	return nil
}

// probe keeps a probe for the end of its run, which checks it.
func (s *streamReader) probe(of int, p *record.Probe) error {
	u := s.find(of)
	switch {
	case u == nil:
		return errors.New("a probe outside any run")
	case len(u.run.Probes) >= record.MaxProbes:
		return fmt.Errorf("more than %d probes", record.MaxProbes)
	}
	u.run.Probes = append(u.run.Probes, *p)
	return p.Validate()
}

// result checks a request for what the recorder relies on.
func (s *streamReader) result(u *streamedRun, q *streamRequest) (*record.Result, error) {
	r := &record.Result{
		Start: q.Start, End: q.Finish, Status: q.Status, Reused: q.Reused, Redirected: q.Followed, Bytes: q.Bytes, Unproven: q.Unproven, Unsized: q.Unsized, Sample: q.Sample, Endpoint: -1, Connection: q.Number, Idle: q.Idle, Goaway: q.Goaway,
		Phases: record.Phases{DNS: q.DNS, Connect: q.Connect, TLS: q.TLS, Send: q.Send, Wait: q.Wait, Read: q.Read},
	}
	if err := s.classify(r, q); err != nil {
		return nil, err
	}
	for _, ns := range [...]int64{r.Start, r.End - r.Start, q.Idle, q.Goaway, q.DNS, q.Connect, q.TLS, q.Send, q.Wait, q.Read} {
		if ns < 0 || ns > record.MaxTime {
			return nil, fmt.Errorf("a request has an impossible time: %d ns", ns)
		}
	}
	if q.Number < 0 || q.Number > record.MaxCount {
		return nil, fmt.Errorf("connection %d is out of range", q.Number)
	}
	if r.Bytes < 0 || r.Status < 0 || r.Status > 999 {
		return nil, fmt.Errorf("not a response: %d bytes, status %d", r.Bytes, r.Status)
	}
	if q.Response != nil {
		r.Response = q.Response.Text()
	}
	if q.Endpoint != "" {
		r.Endpoint = u.recorder.Names.ID(q.Endpoint)
	}
	return r, nil
}

// classify reads fate and class, which must match.
func (s *streamReader) classify(r *record.Result, q *streamRequest) error {
	class, known := s.classes[q.Class]
	if !known {
		if err := class.UnmarshalText([]byte(q.Class)); err != nil {
			return err
		}
		s.classes[class.String()] = class
	}
	for fate, name := range record.FateNames {
		if name != q.Fate {
			continue
		}
		r.Fate, r.Class = record.Fate(fate), class
		if r.Fate.Of(class) {
			return nil
		}
		return fmt.Errorf("class %q does not fit a request that is %s", q.Class, q.Fate)
	}
	return fmt.Errorf("unknown fate %q", q.Fate)
}

// end adds to the run what its requests do not determine. The number of started
// requests comes from the end, not from the lines: if lines are missing, the
// counts contradict each other, and the report says so.
func (s *streamReader) end(of int, run *record.Run) error {
	u := s.find(of)
	if u == nil {
		return errors.New("the end of a run that never began")
	}
	counts, endpoints := run.Counts, run.Endpoints
	if len(endpoints) > record.MaxEndpoints+1 {
		return fmt.Errorf("too many endpoints: %d", len(endpoints))
	}
	for _, e := range endpoints {
		u.recorder.Shards[0].Seen(u.recorder.Names.ID(e.Name), e)
	}
	run.Counts, run.Probes = record.Counts{}, u.run.Probes
	u.recorder.Merge(run)
	run.Counts.Planned, run.Counts.Started, run.Counts.Unsent = counts.Planned, counts.Started, counts.Unsent
	if err := run.Validate(); err != nil {
		return err
	}
	*u = streamedRun{run: run, over: true} // frees its recorder
	return nil
}

func (s *streamReader) close(end *streamRecording) error {
	switch {
	case s.underWay() > 0:
		return errors.New("the recording ends before its last run does")
	case end.Runs != len(s.runs):
		return fmt.Errorf("the recording has %d runs, but the stream has %d", end.Runs, len(s.runs))
	}
	s.rec.Error, s.complete = end.Error, true
	return nil
}

// finish returns the recording as far as it was read; where says where in a line
// the stream ended.
func (s *streamReader) finish(where string) *record.Recording {
	open := s.underWay() > 0
	if open {
		s.cut("stream cut short" + where)
	}
	for _, u := range s.runs {
		s.rec.Runs = append(s.rec.Runs, u.run)
	}
	if s.complete || open {
		return s.rec
	}
	where = "stream cut short" + where
	last := len(s.rec.Runs) - 1
	switch {
	case last < 0:
		s.rec.Error = where + " before its first run"
	default:
		s.rec.Error = fmt.Sprintf("%s after the end of %s: anything later is missing", where, runName(s.rec.Runs[last], last))
	}
	return s.rec
}

// cut ends the open runs with what was read. How many more requests were
// planned or in flight is unknown.
func (s *streamReader) cut(where string) {
	var reached []string
	for i, u := range s.runs {
		if u.over {
			continue
		}
		run := u.run
		u.recorder.Merge(run)
		run.Counts.Planned = run.Counts.Started
		run.Duration, run.Interrupted, run.Marks = u.last, true, []record.Mark{}
		reached = append(reached, fmt.Sprintf("%d requests of %s", u.requests, runName(run, i)))
	}
	s.rec.Error = fmt.Sprintf("%s after %s: the end of the run is missing, with its marks and the requests in flight", where, strings.Join(reached, " and "))
}

// runName names a run as its scenario does, or by its position.
func runName(run *record.Run, i int) string {
	name := run.Variant
	if run.Stream != "" {
		name = strings.TrimPrefix(name+"/"+run.Stream, "/")
	}
	if name == "" {
		return fmt.Sprintf("run %d", i+1)
	}
	if run.Repetition > 0 {
		name += fmt.Sprintf(" #%d", run.Repetition)
	}
	return "run " + name
}
