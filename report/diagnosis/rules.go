package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// What the layers do when they go, and what the kernel makes of it, is from
// research into each of them: the side that closes first, the order of closing
// the listener and being taken out of the balancer, and what becomes of
// connections that nobody accepted.

func matchesBaseline(s *observation, l *record.LostRequest) bool { return l.End < s.before }

func explainBaseline(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request was", "requests were") + " lost before anything was done to the target",
		Confidence: Shown,
		Evidence:   []string{e.what(), fmt.Sprintf("%s; the first mark is at %s; %s", e.when(), phrase.Moment(s.loss.Baseline.Until), s.where(e))},
		Remedies:   []Remedy{{"any", "mend what fails without the event first; what it loses cannot be told from what the event loses"}},
	}
}

func matchesTLSCut(_ *observation, l *record.LostRequest) bool { return analysis.IsTLSCut(l.Class) }

func explainTLSCut(s *observation, e *evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "TLS handshake was", "TLS handshakes were") + " cut",
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{{"any", "go on accepting until the balancer has taken the endpoint out; a layer-4 balancer makes connections to a process that is going"}},
	}
	met := metBy(e.lost, func(l *record.LostRequest) []*analysis.Lifecycle {
		own := s.lifecycleOf(l)
		if !overlaps(own) || !analysis.Within(l.End, own.Stopped(), own.Removed) {
			return nil
		}
		return []*analysis.Lifecycle{own}
	})
	if len(met) == 0 {
		f.Evidence = append(f.Evidence, "cannot tell what cut them: "+s.missing(e))
		return f
	}
	o := overlapOf(met)
	f.Confidence, f.Needed, f.Remedies = Shown, o.needed, acceptLonger(o.needed)
	f.Evidence = append(f.Evidence, fmt.Sprintf("the endpoints stopped accepting %s after their termination began, and were out of the balancer %s after it began", phrase.Duration(o.accepted), phrase.Duration(o.needed)))
	return f
}

func explainTLSRefused(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "TLS handshake", "TLS handshakes") + " failed",
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check that old and new replicas have the same certificates, and the same versions of TLS"}},
	}
}

func explainName(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "the name was not found for " + phrase.Duration(e.span()),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "keep the record until the last endpoint it names is gone"}, {"Kubernetes", "a headless Service names ready pods alone: publishNotReadyAddresses, or a Service with an address"}},
	}
}

func explainProxy(s *observation, e *evidence) Finding {
	return Finding{
		Title:      "the proxy failed " + phrase.Counted(int64(len(e.lost)), "request", "requests"),
		Confidence: Likely,
		Evidence:   append([]string{e.what(), e.when()}, s.texts(e)...),
		Remedies:   []Remedy{{"any", "check -x: what is behind the proxy was not reached, and nothing is known of it"}},
	}
}

func matchesFirewall(_ *observation, l *record.LostRequest) bool {
	return l.Class.Stage() == record.StageConnect && l.Class.Cause() == record.CauseRejected
}

func explainFirewall(s *observation, e *evidence) Finding {
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

func matchesHung(_ *observation, l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseTimeout
}

func explainHung(s *observation, e *evidence) Finding {
	return Finding{
		Title:      fmt.Sprintf("%s got no whole answer within %s (-t)", phrase.Counted(int64(len(e.lost)), "request", "requests"), phrase.Duration(int64(s.run.Settings.Timeout))),
		Confidence: CannotTell,
		Measured:   e.span(),
		Evidence:   []string{e.what(), fmt.Sprintf("they began %s; %s", e.when(), s.where(e)), "a server that hangs and packets that no longer arrive look the same from here"},
		Remedies: []Remedy{
			{"any", "if replicas were leaving: an address that goes with connections open to it neither answers nor refuses; drain them first"},
			{"any", "if the service is just slow: a longer -t"},
		},
	}
}

func matchesMalformed(_ *observation, l *record.LostRequest) bool {
	return analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseMalformed
}

func explainMalformed(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "answer was", "answers were") + " not what HTTP/1.1 allows",
		Confidence: Shown,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
		Remedies:   malformedRemedies(e),
	}
}

func malformedRemedies(e *evidence) []Remedy {
	var list []Remedy
	for _, c := range e.classes {
		if c.Class.Stage() == record.StageHead {
			list = append(list, Remedy{"any", "check the URL's scheme and port: what was read there is not the head of an HTTP/1.1 response"})
		} else {
			list = append(list, Remedy{"any", "see the texts: a client that hides this shows its users half an answer"})
		}
	}
	return list
}

// matchesOverLimit matches the responses that --max-body cut: with it, no other loss
// is of that class.
func matchesOverLimit(s *observation, l *record.LostRequest) bool {
	return s.run.Settings.MaxBody > 0 && l.Class.Stage() == record.StageBody && l.Class.Cause() == record.CauseOther
}

func explainOverLimit(s *observation, e *evidence) Finding {
	n := int64(len(e.lost))
	return Finding{
		Title:      fmt.Sprintf("nodrop cut %s longer than --max-body allows (%d bytes)", phrase.Counted(n, "response", "responses"), s.run.Settings.MaxBody),
		Confidence: Shown,
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies:   []Remedy{{"any", "leave --max-body out, or raise it, if bodies of that length are right"}},
	}
}

func explainUnexplained(s *observation, e *evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.lost)), "request", "requests") + " failed for reasons that no rule knows",
		Confidence: CannotTell,
		Evidence:   append([]string{e.what(), e.when() + "; " + s.where(e)}, s.texts(e)...),
	}
}
