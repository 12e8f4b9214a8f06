package loadgen

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	maxAnswers    = 64  // kinds of unexpected answers that are told apart
	maxAnswerBody = 256 // bytes of a body that are kept
)

// telling are the fields of an unexpected answer that say who made it and why,
// in lower case. Server comes first.
var telling = [...]string{"server", "retry-after", "via", "x-envoy-overloaded", "x-envoy-response-flags"}

// answerText is what is kept of an unexpected answer, in one piece that can be
// compared: status, server, telling fields (one a line) and body, each behind
// a zero byte.
func answerText(dst []byte, status int, field func(i int) []byte, body []byte) []byte {
	dst = strconv.AppendInt(dst[:0], int64(status), 10)
	dst = append(append(dst, 0), field(0)...)
	dst = append(dst, 0)
	for i, name := range telling[1:] {
		if value := field(i + 1); value != nil {
			dst = append(append(append(append(dst, name...), ": "...), value...), '\n')
		}
	}
	return append(append(dst, 0), body[:min(len(body), maxAnswerBody)]...)
}

// parseAnswer is the reverse, with what is not UTF-8 replaced.
func parseAnswer(text string) ErrorAnswer {
	part := strings.SplitN(text, "\x00", 4)
	for len(part) < 4 {
		part = append(part, "")
	}
	status, _ := strconv.Atoi(part[0]) // written by answerText
	a := ErrorAnswer{Status: status, Server: valid(part[1]), Body: valid(part[3])}
	if fields := strings.TrimSuffix(part[2], "\n"); fields != "" {
		a.Fields = strings.Split(valid(fields), "\n")
	}
	return a
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// answerCount counts unexpected answers by their text.
type answerCount map[string]*int64 // pointers: counting a known text allocates nothing

// add counts n answers; those of new kinds beyond the bound share a kind with
// their status.
func (c *answerCount) add(text []byte, n int64) {
	if *c == nil {
		*c = answerCount{}
	}
	if _, known := (*c)[string(text)]; !known && len(*c) >= maxAnswers {
		text, _, _ = bytes.Cut(text, []byte{0})
	}
	if count := (*c)[string(text)]; count != nil {
		*count += n
	} else {
		(*c)[string(text)] = new(n)
	}
}

// list is what a recording holds, the most frequent first.
func (c answerCount) list() []ErrorAnswer {
	var list []ErrorAnswer
	for text, n := range c {
		a := parseAnswer(text)
		a.Count = *n
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b ErrorAnswer) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Server, b.Server),
			cmp.Compare(a.Body, b.Body), slices.Compare(a.Fields, b.Fields))
	})
	return list
}
