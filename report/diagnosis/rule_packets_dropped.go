package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// packetsDropped: a connection attempt got no reply.
type packetsDropped struct{}

func (packetsDropped) matches(_ *observed.Observation, l *record.LostRequest) bool {
	cause := l.Class.Cause()
	return l.Class.Stage() == record.StageConnect && (cause == record.CauseTimeout || cause == record.CauseUnreachable)
}

func (packetsDropped) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      fmt.Sprintf("connection attempts to %s got no reply for %s", observed.Subject(e), phrase.Duration(e.Span())),
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence: []string{
			e.What(),
			"the failed attempts " + e.Started() + "; " + s.Where(e),
			"nothing refuses the connection when the address is gone or the accept queue is full: packets are dropped",
		},
		Remedies: []Remedy{
			{"any", "remove the endpoint from the load balancer before its address disappears"},
			{"Kubernetes", "externalTrafficPolicy: Local drops packets on a node without a ready pod: the load balancer's health check must notice first"},
		},
	}
	switch {
	case s.Shapes.Eventful():
	case s.Shapes.Times(e.Lost).Spread:
		f.Remedies = notAShutdown("drops packets: a full accept queue, a firewall")
	default:
		f.Remedies[0].Setting = "if endpoints went away then: " + f.Remedies[0].Setting + "; otherwise look for a full accept queue, or a firewall that drops packets"
	}
	return f
}
