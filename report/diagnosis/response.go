package diagnosis

import (
	"fmt"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// meaning explains an unexpected response. Text and server are substrings in
// lower case; an empty one matches everything.
type meaning struct {
	status       int
	server, text string
	says, remedy string
}

const (
	keepUpstream = "the gateway is up, but its upstream went away: give the upstream a pre-stop delay longer than the gateway takes to notice"
	retryConnect = "or let the gateway retry requests for which it could not connect: they never reached an upstream"
)

// meanings lists specific ones before general ones. The texts are those
// of Envoy's local replies, nginx's error pages and HAProxy's defaults.
var meanings = []meaning{
	{503, "", "x-envoy-overloaded", "Envoy's circuit breaker was open (response flag UO): too many connections or requests, not a shutdown", "raise the circuit breaker's limits, or lower the load"},
	{503, "", "no healthy upstream", "Envoy had no healthy upstream (response flag UH)", "keep at least one ready replica behind the gateway; " + keepUpstream},
	{503, "", "reset reason: overflow", "Envoy's circuit breaker was open (response flag UO): too many connections or requests, not a shutdown", "raise the circuit breaker's limits, or lower the load"},
	{503, "", "reset reason: connection termination", "an upstream closed its connection to Envoy before it responded (response flag UC)", keepUpstream},
	{503, "", "reset reason: remote reset", "an upstream reset the request (response flag UR)", keepUpstream},
	{503, "", "reset reason: remote connection failure", "Envoy could not connect to an upstream that was still in its list (response flag UF)", keepUpstream + "; " + retryConnect},
	{503, "", "reset reason: connection failure", "Envoy could not connect to an upstream that was still in its list (response flag UF)", keepUpstream + "; " + retryConnect},
	{503, "", "reset reason: connection timeout", "Envoy's connection to an upstream timed out (response flag UF)", keepUpstream + "; " + retryConnect},
	{503, "", "upstream connect error or disconnect/reset before headers", "Envoy lost its upstream before a response came", keepUpstream},
	{504, "", "upstream request timeout", "an upstream took longer than Envoy's route allows (response flag UT)", "raise the route's timeout, or speed up the upstream"},
	{404, "envoy", "", "Envoy had no route for the request (response flag NR): a new replica is serving before it has its configuration", "mark replicas ready only once they have their configuration"},
	{502, "nginx", "", "nginx's upstream refused the connection, or closed it before it responded", keepUpstream},
	{503, "nginx", "", "nginx had no upstream left, or is limiting requests", keepUpstream},
	{504, "nginx", "", "nginx's upstream did not respond in time", "raise proxy_connect_timeout and proxy_read_timeout, or speed up the upstream"},
	{502, "", "the server returned an invalid or incomplete response", "HAProxy's upstream closed the connection before it responded", keepUpstream},
	{503, "", "no server is available to handle this request", "HAProxy had no server left, or could not connect to one", keepUpstream + "; " + retryConnect},
	{504, "", "the server didn't respond in time", "HAProxy's upstream did not respond in time", "raise timeout server, or speed up the upstream"},
	{502, "caddy", "", "Caddy's upstream refused the connection, or closed it before it responded", keepUpstream},
	{429, "", "", "the target is rate-limiting requests", "send fewer requests per second: the event did not cause this loss"},
	{503, "", "retry-after:", "the target says that it is overloaded or shutting down (Retry-After)", "check the target's log"},
}

// meaningOf returns the meaning of a response; nil if not known.
func meaningOf(a *record.ErrorResponse) *meaning {
	server := strings.ToLower(a.Server)
	text := strings.ToLower(strings.Join(a.Fields, "\n") + "\n" + a.Body)
	for i := range meanings {
		m := &meanings[i]
		if m.status == a.Status && strings.Contains(server, m.server) && strings.Contains(text, m.text) {
			return m
		}
	}
	return nil
}

// quoteResponse describes one kind of response: count, server, text and
// meaning.
func quoteResponse(a *record.ErrorResponse, m *meaning) string {
	text := fmt.Sprintf("%d × %d", a.Count, a.Status)
	if a.Server != "" {
		text += " from " + strconv.Quote(a.Server)
	}
	var fields strings.Builder
	for _, field := range a.Fields {
		fields.WriteString(", " + strconv.Quote(field))
	}
	text += fields.String()
	if a.Body != "" {
		text += ": " + strconv.Quote(phrase.Shorten(a.Body, 100))
	}
	if m != nil {
		text += ": " + m.says
	}
	return text
}
