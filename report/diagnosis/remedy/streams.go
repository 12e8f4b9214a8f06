package remedy

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// What HTTP/2 servers do at the end of a connection. Sources: RFC 9113, 6.8 and
// 8.7; nginx, ngx_http_core_module (keepalive_requests: 1000 from 1.19.10; there
// is no first GOAWAY that only announces, see nginx-devel of 2021-04-09); Envoy
// 1.39, HttpProtocolOptions (max_connection_duration, max_requests_per_connection)
// and HttpConnectionManager (drain_timeout, 5 s); HAProxy 3.2, configuration
// manual, section 3 (tune.h2.fe.max-total-streams, close-spread-time,
// hard-stop-after); grpc-go, keepalive.ServerParameters; Go, http.Server.

// places that are no products of a target.
const (
	grpc    = "gRPC servers"
	clients = "clients"
)

// resend says what keeps a request that a server turned away from being lost.
var resend = Advice{Where: clients, Words: "use an HTTP/2 client that sends a request again if GOAWAY or REFUSED_STREAM turned it away, as most do; where all do, {} counts those of GOAWAY apart from the lost", Settings: []record.Remedy{
	{Object: "nodrop", Part: commandLine, Setting: "--ok", Value: "goaway"},
}}

// RaiseRequests has a server carry more requests on a connection before it sends
// GOAWAY.
func RaiseRequests() []Advice {
	return []Advice{
		{Where: Everywhere, Words: "raise the number of requests after which the server closes a connection, so that it does so less often, or let it announce GOAWAY first and name the last request a round trip later"},
		resend,
		{Where: product.Nginx, Words: "keepalive_requests above 1000, its default; nginx never announces GOAWAY first"},
		{Where: product.HAProxy, Words: "tune.h2.fe.max-total-streams unset: there is no limit then"},
		{Where: product.Envoy, Words: "max_requests_per_connection unset: there is no limit then"},
	}
}

// RaiseAge has a server keep a connection for longer before it sends GOAWAY.
func RaiseAge() []Advice {
	return []Advice{
		{Where: Everywhere, Words: "raise the time after which the server closes a connection, so that it does so less often, or let it announce GOAWAY first and name the last request a round trip later"},
		resend,
		{Where: product.Nginx, Words: "keepalive_time above 1h, its default"},
		{Where: product.Envoy, Words: "max_connection_duration of common_http_protocol_options, with drain_timeout (5s by default) above a round trip: it is the time between the GOAWAY that announces and the last"},
		{Where: grpc, Words: "MaxConnectionAge, with MaxConnectionAgeGrace (no limit by default) above the slowest call"},
	}
}

// AnnounceFirst has a server that drains turn fewer requests away.
func AnnounceFirst() []Advice {
	return []Advice{
		{Where: Everywhere, Words: "let the server announce GOAWAY first, and name the last request a round trip later: then it turns none away"},
		resend,
		{Where: product.Envoy, Words: "POST /drain_listeners?graceful before SIGTERM: it announces GOAWAY first; drain_timeout (5s by default) is the time until the last"},
		{Where: product.Nginx, Words: "SIGQUIT instead of SIGTERM; nginx never announces GOAWAY first, so a few requests are turned away at each drain"},
		{Where: product.HAProxy, Words: "SIGUSR1 instead of SIGTERM: it announces GOAWAY; close-spread-time spreads the ends of idle connections"},
		{Where: "Go", Words: "http.Server.Shutdown instead of Close: it sends GOAWAY and lets the others finish, without announcing it first"},
		{Where: grpc, Words: "GracefulStop instead of Stop"},
	}
}

// WaitAfterGoaway lets requests finish that a server has accepted before GOAWAY.
// need is how long they take, in ns; if least is true, they may need longer.
func WaitAfterGoaway(need int64, least bool) []Advice {
	above := "above " + Short(DelayFor(need))
	if least {
		above = "well " + above
	}
	return append(FinishRequests(need, least),
		Advice{Where: "Go", Words: fmt.Sprintf("http.Server.Shutdown with a context whose timeout is %s, and main waits until it returns", above)},
		Advice{Where: grpc, Words: fmt.Sprintf("GracefulStop, and what calls Stop after it %s; MaxConnectionAgeGrace unset or %s", "no earlier than "+Short(DelayFor(need)), above)},
	)
}

// MoreStreams concerns requests that a server refused with REFUSED_STREAM.
func MoreStreams() []Advice {
	return []Advice{
		{Where: Everywhere, Words: "compare how many requests are sent at once on a connection (--streams) with how many the server takes"},
		resend,
		{Where: product.Nginx, Words: "http2_max_concurrent_streams (128 by default)"},
		{Where: product.HAProxy, Words: "tune.h2.fe.max-concurrent-streams (100 by default)"},
		{Where: product.Envoy, Words: "max_concurrent_streams of http2_protocol_options"},
	}
}
