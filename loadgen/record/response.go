package record

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/safetext"
)

const (
	maxResponses = 64 // kinds of response with the same unexpected status that are counted separately
	// MaxResponseBody is how many bytes of a body are kept.
	MaxResponseBody = 256
)

// Telling lists the fields of an unexpected response that say who sent it and
// why, in lower case. Server comes first.
var Telling = [...]string{TellingServer: "server", "retry-after", TellingVia: "via", "x-envoy-overloaded", "x-envoy-response-flags"}

// The places of two of them.
const (
	TellingServer = 0
	TellingVia    = 2
)

// ResponseText encodes the kept part of an unexpected response as one
// comparable value: status, server, telling fields (one per line) and body,
// separated by zero bytes.
func ResponseText(dst []byte, status int, field func(i int) []byte, body []byte) []byte {
	dst = strconv.AppendInt(dst[:0], int64(status), 10)
	dst = appendBounded(append(dst, 0), field(0))
	dst = append(dst, 0)
	for i, name := range Telling[1:] {
		if value := field(i + 1); value != nil {
			dst = append(appendBounded(append(append(dst, name...), ": "...), value), '\n')
		}
	}
	return append(append(dst, 0), body[:min(len(body), MaxResponseBody)]...)
}

// maskResponse hides secrets in the output of ResponseText, because error pages
// can echo the request.
func maskResponse(secrets *safetext.Secrets, text []byte) []byte {
	return secrets.MaskBytes(text, len(text)-bytes.LastIndexByte(text, 0)-1 >= MaxResponseBody)
}

func appendBounded(dst, value []byte) []byte {
	if len(value) > safetext.MaxText {
		return append(dst, safetext.Bounded(string(value))...)
	}
	return append(dst, value...)
}

// Text encodes a as ResponseText does.
func (a *ErrorResponse) Text() []byte {
	var lines strings.Builder
	for _, field := range a.Fields {
		lines.WriteString(field + "\n")
	}
	return []byte(strings.Join([]string{strconv.Itoa(a.Status), a.Server, lines.String(), a.Body}, "\x00"))
}

func parseResponse(text string) ErrorResponse {
	part := strings.SplitN(text, "\x00", 4)
	for len(part) < 4 {
		part = append(part, "")
	}
	status, _ := strconv.Atoi(part[0]) // a valid number, written by ResponseText
	a := ErrorResponse{Status: status, Server: part[1], Body: part[3]}
	if fields := strings.TrimSuffix(part[2], "\n"); fields != "" {
		a.Fields = strings.Split(fields, "\n")
	}
	return a
}

// responses returns the error responses of a recording, the most frequent first.
func (c *classTexts) responses() []ErrorResponse {
	var list []ErrorResponse
	for class, texts := range c.of {
		for text, t := range texts.kept {
			a := parseResponse(text)
			a.Status, a.Count = class.Status(), t.n
			list = append(list, a)
		}
		if texts.rest > 0 {
			list = append(list, ErrorResponse{Status: class.Status(), Count: texts.rest})
		}
	}
	slices.SortFunc(list, func(a, b ErrorResponse) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Status, b.Status), cmp.Compare(a.Server, b.Server),
			cmp.Compare(a.Body, b.Body), slices.Compare(a.Fields, b.Fields))
	})
	return list
}
