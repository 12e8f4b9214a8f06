package stream

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"sync"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// Streams lists the formats that are written during a load, by the name that -o
// takes. Formats written at its end are in package report.
var Streams = []struct {
	Name string
	New  func(io.Writer) record.Sink
}{
	{"csv", func(w io.Writer) record.Sink { return NewCSV(w) }},
	{"ndjson", func(w io.Writer) record.Sink { return NewNDJSON(w) }},
}

const (
	lineBuffer = 64 << 10
	flushEvery = 1_000_000_000 // ns
)

// lineWriter writes whole lines from many goroutines, which encode them before
// they take its lock. Each write to the file ends at the end of a line, so a
// file ends within a line only if the write itself was cut: a full disk, or a
// kill during it.
type lineWriter struct {
	buffers sync.Pool // of *[]byte

	mu      sync.Mutex // guards all below
	w       *bufio.Writer
	flushed int64 // time of the last flush on the run's clock, ns
	err     error // the first error; nothing is written after it
}

func newLineWriter(w io.Writer) lineWriter {
	return lineWriter{w: bufio.NewWriterSize(w, lineBuffer)}
}

// buffer returns an empty buffer to encode lines in; put takes it back.
func (l *lineWriter) buffer() *[]byte {
	if b, ok := l.buffers.Get().(*[]byte); ok {
		*b = (*b)[:0]
		return b
	}
	b := make([]byte, 0, 512)
	return &b
}

// put writes a buffer that holds a Result which ended at the given time. It
// flushes at least once a second, so that the rows of a slow load appear soon.
func (l *lineWriter) put(b *[]byte, at int64) {
	l.mu.Lock()
	l.write(*b)
	if at-l.flushed >= flushEvery {
		l.flush()
		l.flushed = at
	}
	l.mu.Unlock()
	l.buffers.Put(b)
}

// write requires the lock.
func (l *lineWriter) write(b []byte) {
	if l.err == nil && len(b) > l.w.Available() {
		l.err = l.w.Flush()
	}
	if l.err == nil {
		_, l.err = l.w.Write(b)
	}
}

// flush requires the lock.
func (l *lineWriter) flush() {
	if l.err == nil {
		l.err = l.w.Flush()
	}
}

// flushAll writes everything buffered at the end of a run.
func (l *lineWriter) flushAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flush()
	l.flushed = 0
}

// csvHeader is hey's header, then nodrop's columns.
const csvHeader = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset,fate,class,reused,bytes"

// CSV writes one line per request in order of completion: hey's eight columns (in
// seconds; the offset counts from the run's start), then fate, class, whether the
// connection was reused, and body bytes. Failed requests have status 0. If runs
// have a variant, a stream or a repetition, these are the last columns.
type CSV struct {
	lines  lineWriter
	headed bool // header written; used only by Begin and Close
}

type csvRun struct {
	lines *lineWriter
	name  string // the columns that name the run, at the end of each line
}

// NewCSV returns a CSV that writes its header when the first run begins.
func NewCSV(w io.Writer) *CSV { return &CSV{lines: newLineWriter(w)} }

// Begin prepares the columns that name the run, and writes the header.
func (c *CSV) Begin(run *record.Run) record.RunSink {
	var columns, name string
	for _, part := range []struct{ column, value string }{
		{"variant", run.Variant},
		{"stream", run.Stream},
		{"repetition", numberOrNone(run.Repetition)},
	} {
		if part.value != "" {
			columns += "," + part.column
			name += "," + csvField(part.value)
		}
	}
	c.head(columns)
	return &csvRun{&c.lines, name + "\n"}
}

func numberOrNone(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// head writes the header once. All runs of a recording have the same columns.
func (c *CSV) head(columns string) {
	if c.headed {
		return
	}
	c.headed = true
	c.lines.mu.Lock()
	defer c.lines.mu.Unlock()
	c.lines.flushed = 0
	c.lines.write([]byte(csvHeader + columns + "\n"))
}

// Record writes one line. After an error it does nothing.
func (c *csvRun) Record(r *record.Result, _ string) {
	p, b := &r.Phases, c.lines.buffer()
	line := *b
	for _, ns := range [...]int64{r.End - r.Start, p.Connect, p.DNS, p.Send, p.Wait, p.Read} {
		line = append(appendSeconds(line, ns), ',')
	}
	line = append(strconv.AppendInt(line, int64(r.Status), 10), ',')
	line = append(appendSeconds(line, r.Start), ',')
	line = append(append(line, r.Fate.String()...), ',')
	line = append(r.Class.Append(line), ',')
	line = append(strconv.AppendBool(line, r.Reused), ',')
	line = append(strconv.AppendInt(line, r.Bytes, 10), c.name...)
	*b = line
	c.lines.put(b, r.End)
}

// End flushes all lines.
func (c *csvRun) End(*record.Run) { c.lines.flushAll() }

// Close flushes, and writes the header if there was no run.
func (c *CSV) Close(*record.Recording) error {
	c.head("")
	c.lines.flushAll()
	return c.lines.err
}

func csvField(s string) string {
	s = safetext.CleanText(s)
	if strings.ContainsAny(s, "\",\r\n") {
		return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
	}
	return s
}

func appendSeconds(b []byte, ns int64) []byte {
	return strconv.AppendFloat(b, float64(ns)/1e9, 'f', 4, 64)
}
