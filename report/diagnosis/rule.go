// Package diagnosis says why requests were lost, and which setting would have kept
// them.
//
// The pipeline: Of observes a run; each loss goes to the first rule that it matches,
// in the order of the table; each rule explains its losses in one Finding. The last
// rule takes what is left, so that findings and losses add up. A finding states a
// cause only with the evidence that carries it. How it is written down is a format's affair.
package diagnosis

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// lossRule matches losses, each of which goes to the first rule that wants it, and
// explains what they have in common.
type lossRule interface {
	matches(*observation, *record.LostRequest) bool
	explain(*observation, *evidence) Finding
}

// runRule is about the run as a whole. It sees what was found of the losses, and
// says whether there is anything to explain.
type runRule interface {
	explain(s *observation, ofLosses []Finding) (Finding, bool)
}

// What the layers do when they go, and what the kernel makes of it, is from
// research into each of them: the side that closes first, the order of closing
// the listener and being taken out of the balancer, and what becomes of
// connections that nobody accepted.

// lossRow is a rule with its code, which readers of findings know it by.
type lossRow struct {
	code string
	lossRule
}

// lossRules, in the order in which they are asked. The last one takes what is left,
// so that findings and losses add up.
var lossRules = []lossRow{
	{"baseline-not-healthy", baselineNotHealthy{}},
	{"crashed", endpointCrashed{}},
	{"listener-closed-before-removal", listenerClosedBeforeRemoval{}},
	{"pre-stop-missing", preStopMissing{}},
	{"balancer-heard-late", balancerRemovedLate{}},
	{"connections-refused", connectionsRefused{}},
	{"packets-dropped", packetsDropped{}},
	{"firewall-refused", firewallRefused{}},
	{"accept-queue-reset", acceptQueueReset{}},
	{"grace-too-short", graceTooShort{}},
	{"killed-in-flight", killedInFlight{}},
	{"kept-alive-closed-without-notice", keptAliveClosedWithoutNotice{}},
	{"cut-in-flight", cutInFlight{}},
	{"tls-cut", tlsCut{}},
	{"tls-refused", tlsRefused{}},
	{"error-answered", errorResponded{}},
	{"name-lost", nameLost{}},
	{"proxy-failed", proxyFailed{}},
	{"hung", requestHung{}},
	{"malformed-answer", malformedResponse{}},
	{"body-over-limit", bodyOverLimit{}},
	{"unexplained", unexplained{}},
}

// runRules, in the order in which they are asked.
var runRules = []struct {
	code string
	runRule
}{
	{"details-incomplete", detailsIncomplete{}},
	{"client-exhausted", clientExhausted{}},
	{"killed-at-the-end-of-grace", killedAtTheEndOfGrace{}},
	{"load-ended-early", loadEndedEarly{}},
	{"event-not-seen", eventNotSeen{}},
	{"too-little-exposure", tooLittleExposure{}},
}

// Of finds what the losses have in common, the most frequent first, then
// what stands against the figures.
func Of(run *record.Run, loss *analysis.Loss) []Finding {
	s := observe(run, loss)
	found := explainLosses(s)
	findings := slices.Clone(found)
	for _, r := range runRules {
		if f, ok := r.explain(s, found); ok {
			f.Rule = r.code
			findings = append(findings, f)
		}
	}
	return findings
}

func explainLosses(s *observation) []Finding {
	var findings []Finding
	for i, losses := range matchLosses(s) {
		if len(losses) == 0 {
			continue
		}
		f := lossRules[i].explain(s, newEvidence(losses))
		f.Rule, f.Lost = lossRules[i].code, int64(len(losses))
		f.forGateway(s.run.Gateway)
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	return findings
}

// matchLosses gives each loss to the first rule that it matches; a list for each rule.
func matchLosses(s *observation) [][]*record.LostRequest {
	groups := make([][]*record.LostRequest, len(lossRules))
	for i := range s.run.Lost {
		l := &s.run.Lost[i]
		at := slices.IndexFunc(lossRules, func(r lossRow) bool { return r.matches(s, l) })
		groups[at] = append(groups[at], l)
	}
	return groups
}
