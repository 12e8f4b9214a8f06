package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// firewallRefused: something between client and endpoint refused the
// connection.
type firewallRefused struct{}

func (firewallRefused) matches(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageConnect && l.Class.Cause() == record.CauseRejected
}

func (firewallRefused) explain(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "a firewall on the way refused " + phrase.Counted(int64(len(e.lost)), "connection", "connections"),
		Confidence: Shown,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e), "an ICMPv6 message said so (administratively prohibited, or a route that rejects): no listener did"}, s.texts(e)...),
		Remedies: []Remedy{
			{"any", "see which rule or route covers the endpoint's address, and from when: on the endpoint's machine, and on each on the way"},
			{"Kubernetes", "see which NetworkPolicy selects the pods, and when the network plugin has set it up for a new pod"},
		},
	}
}
