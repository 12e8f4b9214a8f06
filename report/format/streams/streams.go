// Package streams writes what HTTP/2 adds to the loss of a run: what became of
// the connections, and of the requests that shared them.
package streams

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record/ledger"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Lines say it to people; empty for a run without HTTP/2.
func Lines(s *analysis.Streams) []string {
	var lines []string
	if s.HTTP2 != nil {
		lines = append(lines, spoken(s.HTTP2))
		lines = append(lines, goaway(s)...)
		lines = append(lines, ended(s.HTTP2)...)
		if n := s.Resets.Total(); n > 0 {
			lines = append(lines, phrase.Counted(n, "request was", "requests were")+" reset alone: "+codes(&s.Resets))
		}
	}
	if n := s.NeverProcessed; n > 0 {
		lines = append(lines, fmt.Sprintf("%s of the lost %s never processed, as the server itself says: HTTP/2 clients send %s again by themselves, nodrop does not",
			phrase.Number(n), phrase.Choose(n, "was", "were"), phrase.Choose(n, "it", "them")))
	}
	if n := s.TurnedAway; n > 0 {
		lines = append(lines, fmt.Sprintf("%s of the ok %s turned away by GOAWAY and not processed (--ok goaway)", phrase.Number(n), phrase.Choose(n, "was", "were")))
	}
	return lines
}

// spoken says what the connections spoke.
func spoken(h *ledger.HTTP2) string {
	var parts []string
	for _, p := range [...]struct {
		n    int64
		what string
	}{{h.H2, "with h2"}, {h.H2C, "with h2c"}, {h.HTTP1, "on which the server chose HTTP/1.1"}} {
		if p.n > 0 {
			parts = append(parts, phrase.Counted(p.n, "connection ", "connections ")+p.what)
		}
	}
	text := strings.Join(parts, ", ")
	if h.MostStreams > 0 {
		text += fmt.Sprintf("; at most %s at once on one connection", phrase.Counted(h.MostStreams, "request", "requests"))
	}
	return text
}

// goaway says what GOAWAY did, if it came.
func goaway(s *analysis.Streams) []string {
	n := s.Goaway.Total()
	if n == 0 {
		return nil
	}
	text := fmt.Sprintf("GOAWAY came on %s (%s): %s after it, %s turned away",
		phrase.Counted(n, "connection", "connections"), codes(&s.Goaway), phrase.Counted(s.Finished, "request finished", "requests finished"), turned(s.HTTP2))
	if _, cut := s.Lost(true); cut > 0 {
		text += ", " + phrase.Number(cut) + " cut"
	}
	return []string{text}
}

func turned(h *ledger.HTTP2) string {
	if h.TurnedAway == 0 {
		return "none"
	}
	return phrase.Number(h.TurnedAway)
}

// ended says which connections ended under requests: each is one event, however
// many requests it carried.
func ended(h *ledger.HTTP2) []string {
	var lines []string
	for _, c := range h.Cuts {
		announced := "without GOAWAY"
		if c.Goaway {
			announced = "after GOAWAY"
		}
		text := fmt.Sprintf("%s lost on %s that ended under %s, %s (%s)", phrase.Counted(c.Streams, "request", "requests"),
			phrase.Counted(c.Connections, "connection", "connections"), phrase.Choose(c.Streams, "it", "them"), announced, c.Cause)
		if c.Connections > 1 {
			text += fmt.Sprintf("; at most %s on one", phrase.Number(c.Most))
		}
		lines = append(lines, text)
	}
	return lines
}

func codes(c *ledger.Codes) string {
	list := c.List()
	if len(list) == 1 {
		return list[0].Code
	}
	var parts []string
	for _, one := range list {
		parts = append(parts, phrase.Number(one.Count)+" × "+one.Code)
	}
	return strings.Join(parts, ", ")
}
