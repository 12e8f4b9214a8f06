package h2_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h2"
)

// load drives a Conn as an engine does: streams that end are started again.
type load struct {
	t       *testing.T
	conn    h2.Conn
	open    map[*h2.Stream]bool
	started int
	ended   int
	given   int // up
	next    int // the next request of requests
	log     []string
	sent    []byte
}

// loadRequests are what a load sends in turn.
func loadRequests() []*h2.Prepared {
	read := func(b []byte, off int64) error {
		if off > 40_000 {
			return io.ErrNoProgress
		}
		clear(b)
		return nil
	}
	return []*h2.Prepared{
		get(),
		(&h2.Request{Method: "HEAD"}).Prepare(),
		post(strings.Repeat("x", 20_000)),
		expecting(),
		(&h2.Request{Method: "PUT", Length: 50_000, Read: read}).Prepare(),
	}
}

const maxStarts = 200

func newLoad(t *testing.T, requests []*h2.Prepared) *load {
	l := &load{t: t, open: map[*h2.Stream]bool{}}
	l.conn.MaxHead, l.conn.Capture = 2000, []string{"location", "server"}
	l.conn.SetWindow(1000)
	l.conn.Ended = func(s *h2.Stream) {
		if !l.open[s] {
			t.Error("a stream ended that was not open")
		}
		delete(l.open, s)
		l.ended++
		l.log = append(l.log, describeAll(s))
		if l.started < maxStarts {
			l.start(s, requests)
		}
	}
	l.conn.Begin()
	for range requests {
		l.start(&h2.Stream{Body: func(piece []byte) error {
			if len(piece) > 0 && piece[0] == '!' {
				return errRefused
			}
			return nil
		}}, requests)
	}
	return l
}

func describeAll(s *h2.Stream) string {
	text := fmt.Sprintf("%d stage %d: %d bytes, %q %q, unsized %t, written %t", s.ID(), s.Stage(), s.BodyBytes(), s.Captured(0), s.Captured(1), s.Unsized(), s.Written())
	if s.Err() != nil {
		text += ": " + withoutSample(s.Err())
	}
	return text
}

func (l *load) start(s *h2.Stream, requests []*h2.Prepared) {
	room := l.conn.Room()
	r := requests[l.next%len(requests)]
	if l.conn.Start(s, r) != (room > 0) {
		l.t.Errorf("room was %d, and Start disagrees", room)
	}
	if room > 0 {
		l.next++
		l.started++
		l.open[s] = true
	}
}

func (l *load) flush() {
	l.sent = append(l.sent, l.conn.Pending()...)
	l.conn.Sent(len(l.conn.Pending()))
}

// end ends the connection, and checks the counts.
func (l *load) end() {
	l.t.Helper()
	l.conn.End(errGone)
	if l.started != l.ended+l.given || len(l.open) != 0 || l.conn.Open() != 0 {
		l.t.Errorf("%d started, %d ended, %d given up; %d open, by the connection %d", l.started, l.ended, l.given, len(l.open), l.conn.Open())
	}
	l.flush()
	for _, line := range framesOf(l.sent) {
		if strings.Contains(line, "error") || strings.Contains(line, "EOF") {
			l.t.Errorf("illegal output: %s", line)
		}
	}
}

var errGone = errors.New("gone")

// FuzzConn: whatever the peer sends and however it is split, every stream that
// was started ends once, and the same becomes of it. ops are what the caller
// does after each piece.
func FuzzConn(f *testing.F) {
	for _, tc := range responses {
		f.Add(bytesOf(tc.send), []byte("abc"))
	}
	for _, tc := range violations {
		f.Add(bytesOf(tc.send), []byte("\x05\x11\x21"))
	}
	for _, send := range exotic {
		f.Add(bytesOf(send), []byte{})
	}
	f.Add(bytesOf(func(x *exchange) {
		x.settings(setting(http2.SettingMaxConcurrentStreams, 3), setting(http2.SettingInitialWindowSize, 1<<20), setting(http2.SettingHeaderTableSize, 0))
		_ = x.frames.WriteWindowUpdate(0, 1<<20)
		for id := uint32(1); id < 40; id += 2 {
			x.head(id, ":status", ok200, "location", "/x", "server", "y")
			x.data(id, "text", id%3 == 0)
			_ = x.frames.WriteWindowUpdate(id, 1000)
		}
		_ = x.frames.WriteGoAway(21, 0, []byte("bye"))
	}), []byte("\x81\x92\x03\x64\x75"))
	requests := loadRequests()
	f.Fuzz(func(t *testing.T, in, ops []byte) {
		if len(in) > 1<<15 {
			return
		}
		one, many := newLoad(t, requests), newLoad(t, requests)
		one.flush()
		many.flush()
		_ = one.conn.Feed(bytes.Clone(in))
		for i := range in {
			_ = many.conn.Feed([]byte{in[i]})
		}
		one.end()
		many.end()
		if a, b := strings.Join(one.log, "\n"), strings.Join(many.log, "\n"); a != b {
			t.Errorf("whole:\n%s\nsingle bytes:\n%s", a, b)
		}
		if !bytes.Equal(one.sent, many.sent) {
			t.Errorf("sent %q\nfor single bytes %q", one.sent, many.sent)
		}
		playOps(newLoad(t, requests), requests, in, ops)
	})
}

// playOps feeds in piece by piece, and does what ops say.
func playOps(l *load, requests []*h2.Prepared, in, ops []byte) {
	for len(ops) > 0 && len(in) > 0 {
		op, n := ops[0], min(int(ops[0]>>3)+1, len(in))
		ops = ops[1:]
		_ = l.conn.Feed(bytes.Clone(in[:n]))
		in = in[n:]
		switch op & 7 {
		case 0:
			l.flush()
		case 1:
			half := len(l.conn.Pending()) / 2
			l.sent = append(l.sent, l.conn.Pending()[:half]...)
			l.conn.Sent(half)
		case 2:
			l.start(&h2.Stream{}, requests)
		case 3, 4:
			for s := range l.open {
				l.conn.Cancel(s)
				l.conn.Cancel(s)
				delete(l.open, s)
				l.given++
				break
			}
		case 5:
			for s := range l.open {
				l.conn.Proceed(s)
			}
		case 6:
			l.conn.Leave()
		}
	}
	_ = l.conn.Feed(in)
	l.end()
}
