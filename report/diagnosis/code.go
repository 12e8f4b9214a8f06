package diagnosis

// Code identifies a kind of cause. Codes are stable: programs read them.
type Code string

// The codes of findings about losses.
const (
	ClosedBeforeRemoved Code = "closed-before-removed" // an endpoint stopped accepting while the balancer still sent it connections
	CutAtExit           Code = "cut-at-exit"           // requests in flight were cut when their process exited
	KilledAfterGrace    Code = "killed-after-grace"    // requests in flight were cut when their process was killed at the end of its grace period
	IgnoredSIGTERM      Code = "ignored-sigterm"       // a process did not react to SIGTERM and was killed
	GraceTimer          Code = "grace-timer"           // the process itself cut requests in flight a fixed time after the stop signal
	AcceptQueueReset    Code = "accept-queue-reset"    // connections that no process had accepted were reset
	BacklogFull         Code = "backlog-full"          // connections were retried because the accept queue was full
	IdleCloseRace       Code = "idle-close-race"       // the server closed an idle connection just as a request was sent on it
	UpstreamIdleTimeout Code = "upstream-idle-timeout" // a gateway reused upstream connections that its upstream closes when idle
	NoUpstreamLeft      Code = "no-upstream-left"      // a gateway had no upstream to send requests to
	StaleUpstream       Code = "stale-upstream"        // a gateway kept sending to the address of an upstream that is gone
	ReadyTooEarly       Code = "ready-too-early"       // a new endpoint got requests before it could serve them
	ColdStart           Code = "cold-start"            // a new endpoint was too slow in its first seconds
	Recreated           Code = "recreated"             // the old endpoint was stopped before the new one served
	RefusedWhenDraining Code = "refused-while-draining"
	DrainCut            Code = "drain-cut"    // the balancer cut connections at the end of its drain timeout
	BodyShorter         Code = "body-shorter" // bodies were shorter during the event than before
	PacketsDropped      Code = "packets-dropped"
	Crashed             Code = "crashed"
	Recurring           Code = "recurring"     // losses came back at even intervals
	GatewayError        Code = "gateway-error" // responses with an error status, cause not known
	OwnLimit            Code = "own-limit"     // a limit of nodrop's machine
	Refused             Code = "connections-refused"
	FirewallRefused     Code = "firewall-refused"
	CutInFlight         Code = "cut-in-flight" // requests in flight were cut, cause not known
	TLSCut              Code = "tls-cut"
	TLSRefused          Code = "tls-refused"
	NameLost            Code = "name-lost"
	ProxyFailed         Code = "proxy-failed"
	Hung                Code = "hung"
	Malformed           Code = "malformed-response"
	BodyOverLimit       Code = "body-over-limit"
	BodyRejected        Code = "body-rejected"        // a response did not have the body or the fields that were asked for
	DrainedPolitely     Code = "drained-politely"     // GOAWAY: what was in flight finished; at most, requests that came too late were turned away
	GoawayWithoutGrace  Code = "goaway-without-grace" // a connection ended under requests that GOAWAY had not turned away
	CutWithoutGoaway    Code = "cut-without-goaway"   // an HTTP/2 connection ended under requests without GOAWAY, cause not known
	ConnectionLimit     Code = "connection-limit"     // the server sends GOAWAY after a number of requests or a time
	TurnedAway          Code = "turned-away"          // by GOAWAY, cause not known
	StreamRefused       Code = "stream-refused"       // REFUSED_STREAM
	StreamReset         Code = "stream-reset"         // RST_STREAM with another code
	SteadyErrors        Code = "steady-errors"        // errors that were as frequent before the event
	SlowerDuring        Code = "slower-during"        // responses took longer in the event
	Unexplained         Code = "unexplained"
)

// The codes of findings about the run as a whole.
const (
	DetailsIncomplete Code = "details-incomplete"
	LoadEndedEarly    Code = "load-ended-early"
	EventNotSeen      Code = "event-not-seen"
	TooLittleExposure Code = "too-little-exposure"
)

// Codes lists all codes, in the order of the help.
var Codes = []Code{
	ClosedBeforeRemoved, CutAtExit, KilledAfterGrace, IgnoredSIGTERM, GraceTimer, AcceptQueueReset, BacklogFull,
	IdleCloseRace, UpstreamIdleTimeout, NoUpstreamLeft, StaleUpstream, ReadyTooEarly, ColdStart, Recreated,
	RefusedWhenDraining, DrainCut, BodyShorter, PacketsDropped, Crashed, Recurring, GatewayError, OwnLimit, Refused,
	FirewallRefused, CutInFlight, TLSCut, TLSRefused, NameLost, ProxyFailed, Hung, Malformed, BodyOverLimit, BodyRejected,
	DrainedPolitely, GoawayWithoutGrace, CutWithoutGoaway, ConnectionLimit, TurnedAway, StreamRefused, StreamReset,
	SteadyErrors, SlowerDuring, Unexplained, DetailsIncomplete, LoadEndedEarly, EventNotSeen, TooLittleExposure,
}
