package record

import (
	"fmt"
	"slices"
	"strconv"
)

// Stage says how far an exchange had progressed when it failed, not which system
// call reported the failure.
type Stage uint8

// The stages, in the order of an exchange. StageClient is for failures on this
// machine, StageStatus for a response with an unexpected status.
const (
	StageNone    Stage = iota
	StageDNS           // name look-up
	StageConnect       // until the TCP handshake is known to be complete
	StageProxy         // connecting to the proxy, and requesting a tunnel
	StageTLS           // until TLS is established
	StageSend          // before the request is fully written
	StageWait          // request fully written, or peer gone, before the first byte of the response
	StageHead          // within the status line and header fields
	StageBody          // within the body
	StageStatus
	StageClient
)

var stageNames = [...]string{"", "dns", "connect", "proxy", "tls", "send", "wait", "head", "body", "status", "client"}

func (s Stage) String() string { return stageNames[s] }

// Cause says what ended an exchange.
type Cause uint8

// The causes. CausePorts and those after it belong to StageClient.
const (
	CauseNone Cause = iota
	CauseRefused
	CauseReset
	CauseEOF
	CauseTimeout
	CauseUnreachable
	CauseMalformed
	CauseRejected
	CauseNotFound
	CauseGoaway        // HTTP/2: GOAWAY, and the stream is above the last one that it names
	CauseRefusedStream // HTTP/2: RST_STREAM with REFUSED_STREAM, before any response
	CauseStreamReset   // HTTP/2: any other RST_STREAM
	CauseOther
	CausePorts
	CauseFiles
	CauseMemory
	CauseResolver
	CauseBody
	CauseRoute
	CauseStalled
)

var causeNames = [...]string{"", "refused", "reset", "eof", "timeout", "unreachable", "malformed", "rejected", "not-found", "goaway", "refused-stream", "stream-reset", "other", "ports", "files", "memory", "resolver", "body", "route", "stalled"}

func (c Cause) String() string { return causeNames[c] }

// Class is a failure class: the stage in the second byte, the cause in the lowest
// byte. For an unexpected status, a bit above them is set and the status code
// replaces both. The zero Class means no failure.
type Class uint32

const classStatusBase = 1 << 16

// NewClass is the class of a failure other than an unexpected status.
func NewClass(s Stage, c Cause) Class { return Class(s)<<8 | Class(c) }

// StatusClass is the class of an unexpected status.
func StatusClass(code int) Class { return classStatusBase + Class(code) }

// Status is the code of an unexpected status, 0 for any other class.
func (c Class) Status() int {
	if c < classStatusBase {
		return 0
	}
	return int(c - classStatusBase)
}

// Stage is how far the exchange had progressed.
func (c Class) Stage() Stage {
	if c >= classStatusBase {
		return StageStatus
	}
	return Stage(c >> 8)
}

// Cause is what ended the exchange; CauseNone for a status.
func (c Class) Cause() Cause {
	if c >= classStatusBase {
		return CauseNone
	}
	return Cause(c & 0xff)
}

// Spoiled reports whether the class is a failure of this machine.
func (c Class) Spoiled() bool { return c.Stage() == StageClient }

// String is "stage.cause" or "status.NNN"; "" for the zero Class.
func (c Class) String() string { return string(c.Append(nil)) }

// Append appends the text of String to b.
func (c Class) Append(b []byte) []byte {
	switch {
	case c == 0:
		return b
	case c >= classStatusBase:
		return strconv.AppendInt(append(b, "status."...), int64(c.Status()), 10)
	}
	b = append(append(b, c.Stage().String()...), '.')
	return append(b, c.Cause().String()...)
}

// MarshalText returns the text of String.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote. A class that is not in the table is
// an error.
func (c *Class) UnmarshalText(b []byte) error {
	name := string(b)
	if name == "" {
		*c = 0
		return nil
	}
	var code int
	if n, err := fmt.Sscanf(name, "status.%03d", &code); n == 1 && err == nil && code >= 100 && code <= 999 {
		*c = StatusClass(code)
		return nil
	}
	for _, info := range classTable {
		if info.Class.String() == name {
			*c = info.Class
			return nil
		}
	}
	return fmt.Errorf("unknown failure class %q", name)
}

// Processed says whether the server may have acted on a failed request.
type Processed string

// What an observer outside the server can know about it.
const (
	Never    Processed = "never"
	Possibly Processed = "possibly"
	Yes      Processed = "yes, at least in part"
)

// ClassInfo is what is known in general about a class.
type ClassInfo struct {
	Class     Class
	Means     string // what nodrop saw
	Processed Processed
	Cause     string // the usual cause
	Remedy    string // in general terms; the report adds numbers
}

// SafeToRetry reports whether a request with any method can be sent again without
// the risk of processing it twice.
func (i ClassInfo) SafeToRetry() bool { return i.Processed == Never }

// Info returns what is known about c.
func (c Class) Info() ClassInfo {
	table := classTable
	if c.Stage() == StageStatus {
		table = statusTable
	}
	for _, info := range table {
		if info.Class == c {
			return info
		}
	}
	if c.Stage() == StageStatus {
		return ClassInfo{c, statusMeans, Yes, "the gateway or a server behind it responded with an error", "see the body and the Server field of the response"}
	}
	return ClassInfo{Class: c}
}

// Classes lists every class that can be counted, except statuses.
func Classes() []ClassInfo { return slices.Clone(classTable) }

const (
	drainFirst  = "keep accepting connections until the load balancer has removed the endpoint: pre-stop delay, drain annotation"
	removeFirst = "remove the endpoint from the load balancer before its address goes away"
	seeText     = "see the text of the error"
	graceLonger = "let requests in flight finish: grace period longer than the slowest request"
)

// How requests fail that HTTP/2 puts on one connection. A server that sends
// GOAWAY or REFUSED_STREAM says that it has not acted on the request (RFC 9113,
// 8.7), so that clients may send any request again.
const (
	resentByClients = "most HTTP/2 clients send such a request again by themselves, nodrop does not"

	goawayCause      = "the server or gateway is shutting down, or its limit of requests or of time for a connection is reached"
	goawayRemedy     = resentByClients + "; for clients that do not: let the server announce GOAWAY first, with the highest stream number, and a round trip later the last stream that it serves"
	refusedCause     = "more requests at once on the connection than the server allows, or the server is shutting down or overloaded"
	refusedRemedy    = resentByClients + "; compare --streams with the server's limit of concurrent streams"
	seeCode          = "the text of the error names the code, and the log of the server or gateway the reason"
	streamResetCause = "the server or gateway gave up this request: a timeout, a handler that failed, or a lost connection to the server behind the gateway"
	brokenRules      = "the peer broke the rules of HTTP/2"
)

// classTable lists every class that can be counted, except statuses. Its contents
// come from research into how each layer shuts down: which side closes first, and
// what the kernel does with a connection that nobody accepted.
var classTable = []ClassInfo{
	{NewClass(StageDNS, CauseNotFound), "the name has no address", Never, "the DNS record was removed during the event", "keep the record until its last endpoint is gone"},
	{NewClass(StageDNS, CauseOther), "the name could not be resolved, and nodrop knows no more than its error text", Never, "the name server failed", "check the name servers"},

	{NewClass(StageConnect, CauseRefused), "the kernel at the address answered that nothing listens on the port (a reset in reply to the SYN)", Never, "nothing serves at that address; during an event, the listener closed, or the process exited, before the load balancer removed the endpoint", "check the address, and that the service runs; during an event, " + drainFirst},
	{NewClass(StageConnect, CauseReset), "the connection was reset while it was being set up", Never, "the listener closed with the connection in its accept queue, or the queue was full", drainFirst},
	{NewClass(StageConnect, CauseTimeout), "nothing replied to the attempts to connect, until --connect-timeout, -t or the kernel gave up", Never, "the packets were dropped: the address is gone, or the accept queue is full", removeFirst},
	{NewClass(StageConnect, CauseUnreachable), "the network replied that the address cannot be reached (ICMP)", Never, "the address or the route to it is gone", removeFirst},
	{NewClass(StageConnect, CauseRejected), "something on the path replied that the connection is prohibited (ICMP)", Never, "a firewall rejected the connection", "check the firewall rules and network policies for the endpoint's address while it starts and stops"},
	{NewClass(StageConnect, CauseOther), "the connection failed in another way", Never, "the connection could not be established", seeText},

	{NewClass(StageProxy, CauseRefused), "the address of -x refused the connection", Never, "nothing listens at the proxy's address", "check -x"},
	{NewClass(StageProxy, CauseReset), "the connection to the proxy was reset before the tunnel was open", Never, "the proxy reset the connection before the tunnel was open", "see the proxy's log"},
	{NewClass(StageProxy, CauseEOF), "the proxy closed the connection before the tunnel was open", Never, "the proxy closed the connection before the tunnel was open", "see the proxy's log"},
	{NewClass(StageProxy, CauseTimeout), "the proxy could not be reached in time, or did not open the tunnel in time", Never, "the proxy did not respond in time", "see the proxy's log"},
	{NewClass(StageProxy, CauseUnreachable), "the network replied that the proxy cannot be reached", Never, "the proxy's address, or the route to it, is gone", "check -x"},
	{NewClass(StageProxy, CauseMalformed), "what the proxy sent is no response to CONNECT, or not SOCKS", Never, "the server at the proxy's address does not respond like a proxy", "check -x"},
	{NewClass(StageProxy, CauseRejected), "the proxy answered, and did not open the tunnel", Never, "the proxy refused to open a tunnel", "see the text of the error: check the credentials, and that the proxy can reach the target"},
	{NewClass(StageProxy, CauseOther), "the tunnel failed in another way", Never, "the connection through the proxy failed", seeText},

	{NewClass(StageTLS, CauseReset), "the connection was reset during the TLS handshake", Never, "the process was killed during the handshake, or the listener closed with the connection in its accept queue", drainFirst},
	{NewClass(StageTLS, CauseEOF), "the connection was closed during the TLS handshake", Never, "the process ended during the handshake", drainFirst},
	{NewClass(StageTLS, CauseTimeout), "the TLS handshake did not end in time", Never, "the handshake stalled", drainFirst},
	{NewClass(StageTLS, CauseRejected), "the TLS handshake ended in a refusal", Never, "one side rejected the handshake: an invalid certificate, or a TLS alert", "check the certificates; during a rollout, old and new replicas must have the same one"},
	{NewClass(StageTLS, CauseMalformed), "what came back was not TLS", Never, "the server does not speak TLS", seeText},
	{NewClass(StageTLS, CauseUnreachable), "the network failed during the TLS handshake", Never, "the route to the endpoint went away", removeFirst},
	{NewClass(StageTLS, CauseOther), "the TLS handshake failed in another way", Never, "TLS could not be established", seeText},

	{NewClass(StageSend, CauseTimeout), "the request could not be written completely in time", Possibly, "the server stopped reading the request", graceLonger},
	{NewClass(StageSend, CauseUnreachable), "the network failed while the request was being written", Possibly, "the route to the endpoint went away", removeFirst},
	{NewClass(StageSend, CauseMalformed), "what the peer sent broke the rules of HTTP/2 for the whole connection while the request was being written", Possibly, brokenRules, seeText},
	{NewClass(StageSend, CauseGoaway), "the server sent GOAWAY while the request was being written, and said that it does not process it", Never, goawayCause, goawayRemedy},
	{NewClass(StageSend, CauseRefusedStream), "the server refused the request's stream (REFUSED_STREAM) while the request was being written", Never, refusedCause, refusedRemedy},
	{NewClass(StageSend, CauseStreamReset), "the server reset the request's stream (RST_STREAM) while the request was being written", Possibly, streamResetCause, seeCode},
	{NewClass(StageSend, CauseOther), "writing the request failed in another way", Possibly, "the request could not be written", seeText},

	{NewClass(StageWait, CauseReset), "the connection was reset after the request was written, or while the peer read it, and before any byte of a response", Possibly, "the process was killed with the request unread, or the listener closed with the connection in its accept queue", graceLonger},
	{NewClass(StageWait, CauseEOF), "the connection was closed after the request was written and before any byte of a response", Possibly, "the process ended while it worked on the request, or closed a kept-alive connection without notice", graceLonger},
	{NewClass(StageWait, CauseTimeout), "the request was written, and no byte of a response came in time", Possibly, "the server hung, or its packets no longer arrived", "drain longer, or raise -t if the service is slow"},
	{NewClass(StageWait, CauseUnreachable), "the network failed while nodrop waited for the response", Possibly, "the route to the endpoint went away", removeFirst},
	{NewClass(StageWait, CauseMalformed), "what the peer sent broke the rules of HTTP/2 for the whole connection, before any byte of this response", Possibly, brokenRules, seeText},
	{NewClass(StageWait, CauseGoaway), "the request was written, and the server sent GOAWAY, which says that it does not process it", Never, goawayCause, goawayRemedy},
	{NewClass(StageWait, CauseRefusedStream), "the request was written, and the server refused its stream (REFUSED_STREAM)", Never, refusedCause, refusedRemedy},
	{NewClass(StageWait, CauseStreamReset), "the request was written, and the server reset its stream (RST_STREAM) before any byte of a response", Possibly, streamResetCause, seeCode},
	{NewClass(StageWait, CauseOther), "waiting for the response failed in another way", Possibly, "the response could not be read", seeText},

	{NewClass(StageHead, CauseReset), "the connection was reset within the status line or the header fields", Yes, "the process was killed while it was sending the response head", graceLonger},
	{NewClass(StageHead, CauseEOF), "the connection was closed within the status line or the header fields", Yes, "the process ended while it was sending the response head", graceLonger},
	{NewClass(StageHead, CauseTimeout), "the status line and the header fields did not arrive completely in time", Yes, "the response stalled within its head", graceLonger},
	{NewClass(StageHead, CauseMalformed), "what came back is no HTTP response", Yes, "the server does not speak HTTP, or not the version that was asked for", "check the URL's scheme and port; see the text of the error"},
	{NewClass(StageHead, CauseUnreachable), "the network failed within the status line or the header fields", Yes, "the route to the endpoint went away", removeFirst},
	{NewClass(StageHead, CauseStreamReset), "the server reset the request's stream (RST_STREAM) within the header fields of the response", Yes, streamResetCause, seeCode},
	{NewClass(StageHead, CauseOther), "the head of the response was of no use for another reason", Yes, "the response head could not be read, or redirected too many times", seeText},

	{NewClass(StageBody, CauseReset), "the connection was reset within the body of the response", Yes, "the process was killed while it was sending the response body", graceLonger},
	{NewClass(StageBody, CauseEOF), "the connection was closed before the body of the response was complete", Yes, "the process ended while it was sending the response body", graceLonger},
	{NewClass(StageBody, CauseTimeout), "the body of the response did not arrive completely in time", Yes, "the response stalled within its body", graceLonger},
	{NewClass(StageBody, CauseMalformed), "the body of the response cannot be read: a bad chunk, or compression that does not unpack", Yes, "the response body breaks HTTP framing, or does not match its Content-Encoding", seeText},
	{NewClass(StageBody, CauseUnreachable), "the network failed within the body of the response", Yes, "the route to the endpoint went away", removeFirst},
	{NewClass(StageBody, CauseStreamReset), "the server reset the request's stream (RST_STREAM) before the body of the response was complete", Yes, streamResetCause, seeCode},
	{NewClass(StageBody, CauseRejected), "the response is complete, and not what --expect-body or --expect-header asks for", Yes, "the whole response arrived, but without the body or the field that --expect-body or --expect-header asks for", "compare a response with what is asked for: it may be cut short, an error page, or of another version"},
	{NewClass(StageBody, CauseOther), "the body of the response was of no use for another reason", Yes, "the response body could not be read, or is longer than --max-body allows", seeText},

	// Memory can run out, or a packet filter act, after part of a request is
	// written.
	{NewClass(StageClient, CausePorts), "no local port was free for the connection", Never, "this machine has no free port for the connection", "widen net.ipv4.ip_local_port_range, lower the rate, or keep connections alive"},
	{NewClass(StageClient, CauseFiles), "no file descriptor was free for the connection", Never, "this process has reached its limit of open files", "raise ulimit -n"},
	{NewClass(StageClient, CauseMemory), "the kernel of this machine had no memory for the connection", Possibly, "this machine's kernel ran out of memory for sockets", "lower -c"},
	{NewClass(StageClient, CauseResolver), "the name server that this machine uses did not respond", Never, "this machine's resolver did not respond in time", "check /etc/resolv.conf, or set the addresses with --connect-to"},
	{NewClass(StageClient, CauseBody), "the body to send could not be read from its file", Possibly, "the -D file changed, or could not be read, while nodrop was sending it", "use a -D file that nothing writes to"},
	{NewClass(StageClient, CauseRoute), "this machine knows no route to the address", Never, "this machine has no route to the address", "check the address, and this machine's routes (ip route get ADDRESS)"},
	{NewClass(StageClient, CauseStalled), "the request took longer than -t, but only because nodrop itself was not running for a while, or was computing TLS handshakes", Possibly, "nodrop was not running when the request timed out: it was stopped, got no CPU time, or computed TLS handshakes", "give nodrop more CPU time and repeat the run"},
	{NewClass(StageClient, CauseOther), "the request failed on this machine in another way", Possibly, "this machine could not send the request", seeText},
}

const statusMeans = "a response came with this status, and --ok does not accept it"

// statusTable lists the statuses whose usual cause is known.
var statusTable = []ClassInfo{
	{StatusClass(401), statusMeans, Yes, "the request carries no credentials, or wrong ones", "send them with -a or -H 'Authorization: …'"},
	{StatusClass(403), statusMeans, Yes, "an access rule refused the request", "check the credentials, and the rules of the gateway for this client"},
	{StatusClass(404), statusMeans, Yes, "the gateway or the server knows no such path, or no such host", "check the URL and -host; during a change, that its route is there before and after"},
	{StatusClass(408), statusMeans, Yes, "the server waited too long for the request", "check what slows the request on its way"},
	{StatusClass(429), statusMeans, Yes, "a rate limit", "raise the limit, or send fewer requests per second (-q)"},
	{StatusClass(500), statusMeans, Yes, "the application failed on the request", "see the application's log at the time of the loss"},
	{StatusClass(502), statusMeans, Yes, "the gateway could not connect to the server behind it, or lost the connection before the response", "take a server out of the gateway before it stops, and let it finish its requests"},
	{StatusClass(503), statusMeans, Yes, "the gateway had no server to send the request to, or the server refuses requests while it starts, stops or is overloaded", "keep at least one server behind the gateway ready, and let servers accept requests until the gateway has removed them"},
	{StatusClass(504), statusMeans, Yes, "the server behind the gateway did not respond within the gateway's timeout", "find out why it was slow or gone; compare the gateway's timeout with the slowest request"},
}
