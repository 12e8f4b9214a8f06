package loadgen

import (
	"bufio"
	"io"
	"strconv"
	"sync"
)

// Sink gets every Result as it is made, from many goroutines at once.
type Sink interface {
	Record(r *Result)
	// Close ends the stream and returns the first error it met.
	Close() error
}

// csvHeader is hey's header, then our columns.
const csvHeader = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset,fate,class,reused,bytes\n"

// CSV writes one line per request in order of completion: hey's eight columns
// (seconds; the offset from the run's start), then fate, class, whether the
// connection was reused, and body bytes. Failed requests have status 0.
type CSV struct {
	mu   sync.Mutex // guards all below
	w    *bufio.Writer
	line []byte
	err  error
}

// NewCSV writes the header.
func NewCSV(w io.Writer) *CSV {
	c := &CSV{w: bufio.NewWriterSize(w, 1<<16)}
	_, c.err = c.w.WriteString(csvHeader)
	return c
}

// Record writes one line; after an error it does nothing.
func (c *CSV) Record(r *Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	p := &r.Phases
	c.line = c.line[:0]
	for _, ns := range [...]int64{r.End - r.Start, p.Connect, p.DNS, p.Send, p.Wait, p.Read} {
		c.line = append(appendSeconds(c.line, ns), ',')
	}
	c.line = append(strconv.AppendInt(c.line, int64(r.Status), 10), ',')
	c.line = append(appendSeconds(c.line, r.Start), ',')
	c.line = append(append(c.line, r.Fate.String()...), ',')
	c.line = append(append(c.line, r.Class.String()...), ',')
	c.line = append(strconv.AppendBool(c.line, r.Reused), ',')
	c.line = append(strconv.AppendInt(c.line, r.Bytes, 10), '\n')
	_, c.err = c.w.Write(c.line)
}

// Close flushes.
func (c *CSV) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = c.w.Flush()
	}
	return c.err
}

func appendSeconds(b []byte, ns int64) []byte {
	return strconv.AppendFloat(b, float64(ns)/1e9, 'f', 4, 64)
}
