// Package errorpage knows the error responses of gateways: which product sent
// one, and what it says.
package errorpage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/phrase"
)

// The products, under the names that remedies use.
const (
	Envoy   = "Envoy"
	Nginx   = "nginx"
	HAProxy = "HAProxy"
	Caddy   = "Caddy"
	Traefik = "Traefik"
	ALB     = "AWS load balancer"
	Apache  = "Apache"
)

// Meaning explains an unexpected response. Text and server are substrings in
// lower case; an empty one matches everything.
type Meaning struct {
	status       int
	server, text string
	bare         bool // the response must have no body: others pass through the gateway
	Product      string
	Reason       errorshape.Reason
	Says         string
	Remedy       string // holds whenever the response came; "" = see the product's log
	// Left is the remedy if the event took an upstream away.
	Left string
}

const (
	keepUpstream = "the gateway is up, but its upstream went away: give the upstream a pre-stop delay longer than the gateway takes to notice"
	retryConnect = "or let the gateway retry requests for which it could not connect: they never reached an upstream"
	keepReady    = "keep at least one ready replica behind the gateway"
	moreLimits   = "raise the circuit breaker's limits, or lower the load"
)

// Short names for the table.
const (
	none    = errorshape.NoServer
	refused = errorshape.NotReached
	closed  = errorshape.Closed
	late    = errorshape.Late
	noRoute = errorshape.NoRoute
	limited = errorshape.Limited
)

// meanings lists specific ones before general ones. The texts are those of
// Envoy's local replies and of the others' default error pages. Some controllers
// hide nginx's Server field, but not its page. The field alone proves nothing:
// gateways put their name on what an application responds, too.
var meanings = []Meaning{
	{503, "", "x-envoy-overloaded", false, Envoy, limited, "Envoy's circuit breaker was open (response flag UO): too many connections or requests, not a shutdown", moreLimits, ""},
	{503, "", "no healthy upstream", false, Envoy, none, "Envoy had no healthy upstream (response flag UH)", keepReady, keepReady + "; " + keepUpstream},
	{503, "", "reset reason: overflow", false, Envoy, limited, "Envoy's circuit breaker was open (response flag UO): too many connections or requests, not a shutdown", moreLimits, ""},
	{503, "", "reset reason: connection termination", false, Envoy, closed, "an upstream closed its connection to Envoy before it responded (response flag UC)", "", keepUpstream},
	{503, "", "reset reason: remote reset", false, Envoy, closed, "an upstream reset the request (response flag UR)", "", keepUpstream},
	{503, "", "reset reason: remote connection failure", false, Envoy, refused, "Envoy could not connect to an upstream that was still in its list (response flag UF)", "", keepUpstream + "; " + retryConnect},
	{503, "", "reset reason: connection failure", false, Envoy, refused, "Envoy could not connect to an upstream that was still in its list (response flag UF)", "", keepUpstream + "; " + retryConnect},
	{503, "", "reset reason: connection timeout", false, Envoy, refused, "Envoy's connection to an upstream timed out (response flag UF)", "", keepUpstream + "; " + retryConnect},
	{503, "", "upstream connect error or disconnect/reset before headers", false, Envoy, refused | closed, "Envoy lost its upstream before a response came", "", keepUpstream},
	{504, "", "upstream request timeout", false, Envoy, late, "an upstream took longer than Envoy's route allows (response flag UT)", "raise the route's timeout, or speed up the upstream", ""},
	{404, "envoy", "", true, Envoy, noRoute, "Envoy had no route for the request (response flag NR)", "check Envoy's routes: the host and the path of the request must be in them", "mark replicas ready only once they have their configuration"},
	{502, "nginx", "<title>502 bad gateway", false, Nginx, refused | closed, "nginx's upstream refused the connection, or closed it before it responded", "", keepUpstream},
	{502, "nginx", "", true, Nginx, refused | closed, "nginx's upstream refused the connection, or closed it before it responded", "", keepUpstream},
	{502, "", "<center>nginx", false, Nginx, refused | closed, "nginx's upstream refused the connection, or closed it before it responded", "", keepUpstream},
	{503, "", "<center>nginx", false, Nginx, none | limited, "nginx had no upstream to use, or is limiting requests", "", keepUpstream},
	{504, "", "<center>nginx", false, Nginx, late, "nginx's upstream did not respond in time", "raise proxy_connect_timeout and proxy_read_timeout, or speed up the upstream", ""},
	{503, "nginx", "503 service temporarily unavailable", false, Nginx, none | limited, "nginx had no upstream to use, or is limiting requests", "", keepUpstream},
	{503, "nginx", "", true, Nginx, none | limited, "nginx had no upstream to use, or is limiting requests", "", keepUpstream},
	{504, "nginx", "<title>504 gateway time-out", false, Nginx, late, "nginx's upstream did not respond in time", "raise proxy_connect_timeout and proxy_read_timeout, or speed up the upstream", ""},
	{504, "nginx", "", true, Nginx, late, "nginx's upstream did not respond in time", "raise proxy_connect_timeout and proxy_read_timeout, or speed up the upstream", ""},
	{502, "", "the server returned an invalid or incomplete response", false, HAProxy, closed, "HAProxy's upstream closed the connection before it responded", "", keepUpstream},
	{503, "", "no server is available to handle this request", false, HAProxy, none | refused, "HAProxy had no server to use, or could not connect to one", "", keepUpstream + "; " + retryConnect},
	{504, "", "the server didn't respond in time", false, HAProxy, late, "HAProxy's upstream did not respond in time", "raise timeout server, or speed up the upstream", ""},
	{502, "caddy", "", true, Caddy, refused | closed, "Caddy's upstream refused the connection, or closed it before it responded", "", keepUpstream},
	{503, "caddy", "", true, Caddy, none, "Caddy had no upstream to use", "", keepReady + "; " + keepUpstream},
	{503, "", "no available server", false, Traefik, none, "Traefik had no server to use", "", keepReady + "; " + keepUpstream},
	{502, "awselb", "", false, ALB, refused | closed, "the ALB's target refused or closed the connection before it responded", "", keepUpstream},
	{503, "awselb", "", false, ALB, none, "the ALB had no target to use", "", keepReady + "; " + keepUpstream},
	{504, "awselb", "", false, ALB, late, "the ALB's target did not respond in time", "check that the target accepts connections, or speed it up", ""},
	{502, "apache", "502 proxy error", false, Apache, closed, "Apache's upstream closed the connection before it responded", "", keepUpstream},
	{503, "apache", "503 service unavailable", false, Apache, none | refused | limited, "Apache could not connect to an upstream, or had none to use", "", keepUpstream},
	{429, "", "", false, "", limited, "the target is rate-limiting requests", "send fewer requests per second: no shutdown setting keeps these requests", ""},
	{503, "", "retry-after:", false, "", 0, "the target says that it is overloaded or shutting down (Retry-After)", "check the target's log", ""},
}

// Of returns the meaning of a response; nil if not known.
func Of(a *record.ErrorResponse) *Meaning {
	server := strings.ToLower(a.Server)
	text := strings.ToLower(strings.Join(a.Fields, "\n") + "\n" + a.Body)
	for i := range meanings {
		m := &meanings[i]
		if m.status == a.Status && strings.Contains(server, m.server) && strings.Contains(text, m.text) && (!m.bare || strings.TrimSpace(a.Body) == "") {
			return m
		}
	}
	return nil
}

// Advice returns what to do about a response; left says that an upstream went
// away in the event.
func (m *Meaning) Advice(left bool) string {
	switch {
	case left && m.Left != "":
		return m.Left
	case m.Remedy != "":
		return m.Remedy
	}
	return "see " + m.Product + "'s log: it names the upstream of each failed request, and says what failed"
}

// Said sums up what the responses with each status say. A status is known if
// nearly all its responses are.
func Said(responses []record.ErrorResponse) map[int]errorshape.Said {
	list := map[int]errorshape.Said{}
	all, known := map[int]int64{}, map[int]int64{}
	for i := range responses {
		a := &responses[i]
		all[a.Status] += a.Count
		if m := Of(a); m != nil && m.Product != "" {
			known[a.Status] += a.Count
			list[a.Status] = errorshape.Said{Reason: list[a.Status].Reason | m.Reason}
		}
	}
	for status, said := range list {
		said.Known = known[status]*10 >= all[status]*9
		if !said.Known {
			said.Reason = 0 // most may come from behind the gateway
		}
		list[status] = said
	}
	return list
}

// Quote describes one kind of response: count, server, text and meaning.
func Quote(a *record.ErrorResponse, m *Meaning) string {
	text := fmt.Sprintf("%s × %d", phrase.Number(a.Count), a.Status)
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
		text += ": " + m.Says
	}
	return text
}

func saysNothing(a *record.ErrorResponse) bool {
	return a.Server == "" && len(a.Fields) == 0 && a.Body == "" && Of(a) == nil
}

// names are the beginnings of Server fields, in lower case. Via fields have
// them after a version.
var names = []struct{ begin, product string }{
	{"nginx", Nginx}, {"openresty", Nginx}, {"envoy", Envoy}, {"istio-envoy", Envoy}, {"haproxy", HAProxy}, {"caddy", Caddy}, {"traefik", Traefik}, {"awselb", ALB}, {"apache", Apache},
}

// Product returns which gateway a response came through; "" if it does not say.
func Product(a *record.ErrorResponse) string {
	if m := Of(a); m != nil && m.Product != "" {
		return m.Product
	}
	said := []string{a.Server}
	for _, field := range a.Fields {
		if via, ok := strings.CutPrefix(strings.ToLower(field), "via:"); ok {
			said = append(said, strings.Fields(via)...)
		}
	}
	for _, name := range names {
		if slices.ContainsFunc(said, func(s string) bool { return strings.HasPrefix(strings.ToLower(s), name.begin) }) {
			return name.product
		}
	}
	return ""
}

// Resends reports whether a product, as it comes, sends a request with a method
// again when its upstream closes a reused connection. If it does, an idle
// connection that the upstream closes costs no request.
func Resends(product, method string) bool {
	switch product {
	case Nginx: // ngx_http_upstream_next: all but these, if a cached connection failed
		return !slices.Contains([]string{"POST", "LOCK", "PATCH"}, method)
	case Caddy, Traefik, "": // Go's http.Transport
		return slices.Contains([]string{"GET", "HEAD", "OPTIONS", "TRACE"}, method)
	}
	return false
}

// Products returns the gateways that responses came through, each once.
func Products(list []*record.ErrorResponse) []string {
	var seen []string
	for _, a := range list {
		if product := Product(a); product != "" && !slices.Contains(seen, product) {
			seen = append(seen, product)
		}
	}
	return seen
}

// Quotes describes the first kinds of response, at most a number of them. If
// they are more than were lost, it says so. It is empty if the responses say
// nothing but their status.
func Quotes(list []*record.ErrorResponse, most int, lost int64) []string {
	if len(list) == 1 && saysNothing(list[0]) && list[0].Count <= lost {
		return nil
	}
	var lines []string
	var all int64
	for i, a := range list {
		if i < most {
			lines = append(lines, Quote(a, Of(a)))
		}
		all += a.Count
	}
	if extra := len(list) - most; extra > 0 {
		lines = append(lines, phrase.Counted(int64(extra), "more kind of response", "more kinds of response"))
	}
	if all > lost {
		lines = append(lines, fmt.Sprintf("these are the %s responses of the whole run with that status: other findings explain %s of them", phrase.Number(all), phrase.Number(all-lost)))
	}
	return lines
}
