package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// packetsDropped: a connection attempt got no reply.
type packetsDropped struct{}

func (packetsDropped) matches(_ *observation, l *record.LostRequest) bool {
	cause := l.Class.Cause()
	return l.Class.Stage() == record.StageConnect && (cause == record.CauseTimeout || cause == record.CauseUnreachable)
}

func (packetsDropped) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      fmt.Sprintf("connection attempts to %s went unanswered for %s", subject(e), phrase.Duration(e.span())),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence: []string{
			e.what(),
			fmt.Sprintf("attempts that were given up began %s; %s", e.when(), s.where(e)),
			"an address that is gone, or a full accept queue, does not refuse: packets are dropped",
		},
		Remedies: []Remedy{
			{"any", "take the endpoint out of the balancer before its address goes"},
			{"Kubernetes", "externalTrafficPolicy: Local drops what reaches a node without a ready pod: the balancer's health check must see it first"},
		},
	}
}
