package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// firewallRefused: something between client and endpoint refused the
// connection.
type firewallRefused struct{}

func (firewallRefused) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageConnect && l.Class.Cause() == record.CauseRejected
}

func (firewallRefused) explain(s *observed.Observation, e *observed.Evidence) Finding {
	return Finding{
		Title:      "a firewall on the path rejected " + phrase.Counted(int64(len(e.Lost)), "connection", "connections"),
		Confidence: Shown,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e), "an ICMPv6 message said so (administratively prohibited, or a reject route): no listener refused them"}, s.Texts(e)...),
		Remedies: []Remedy{
			{"any", "find the rule or route that covers the endpoint's address, and since when: on the endpoint's machine and on every machine on the path"},
			{"Kubernetes", "check which NetworkPolicy selects the pods, and when the network plugin applies it to a new pod"},
		},
	}
}
