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

// rule matches losses, each of which goes to the first that wants it, and tells
// what they have in common.
type rule struct {
	name    string
	matches func(*observation, *record.LostRequest) bool
	explain func(*observation, *evidence) Finding
}

// What the layers do when they go, and what the kernel makes of it, is from
// research into each of them: the side that closes first, the order of closing
// the listener and being taken out of the balancer, and what becomes of
// connections that nobody accepted.

// rules, in the order in which they are asked. The last one takes what is left,
// so that findings and losses add up.
var rules = []rule{
	{"baseline-not-healthy", matchesBaseline, explainBaseline},
	{"crashed", matchesCrashed, explainCrashed},
	{"listener-closed-before-removal", matchesOverlap, explainOverlap},
	{"pre-stop-missing", matchesPreStopMissing, explainPreStopMissing},
	{"balancer-heard-late", matchesSlowRemoval, explainSlowRemoval},
	{"connections-refused", matchesRefused, explainRefused},
	{"packets-dropped", matchesDropped, explainDropped},
	{"firewall-refused", matchesFirewall, explainFirewall},
	{"accept-queue-reset", matchesAcceptQueue, explainAcceptQueue},
	{"grace-too-short", matchesGraceOver, explainGraceOver},
	{"killed-in-flight", matchesKilled, explainKilled},
	{"kept-alive-closed-without-notice", matchesKeptAlive, explainKeptAlive},
	{"cut-in-flight", matchesCut, explainCut},
	{"tls-cut", matchesTLSCut, explainTLSCut},
	{"tls-refused", inStage(record.StageTLS), explainTLSRefused},
	{"error-answered", inStage(record.StageStatus), explainStatus},
	{"name-lost", inStage(record.StageDNS), explainName},
	{"proxy-failed", inStage(record.StageProxy), explainProxy},
	{"hung", matchesHung, explainHung},
	{"malformed-answer", matchesMalformed, explainMalformed},
	{"body-over-limit", matchesOverLimit, explainOverLimit},
	{"unexplained", func(*observation, *record.LostRequest) bool { return true }, explainUnexplained},
}

// runRules are about the run as a whole; they see what was found of the losses.
var runRules = []struct {
	name    string
	explain func(*observation, []Finding) (Finding, bool)
}{
	{"details-incomplete", explainUnlisted},
	{"client-exhausted", explainClient},
	{"killed-at-the-end-of-grace", explainKilledUnmet},
	{"load-ended-early", explainEndedEarly},
	{"event-not-seen", explainNoEvent},
	{"too-little-exposure", explainExposure},
}

// Of finds what the losses have in common, the most frequent first, then
// what stands against the figures.
func Of(run *record.Run, loss *analysis.Loss) []Finding {
	s := observe(run, loss)
	groups := make([][]*record.LostRequest, len(rules))
	for i := range run.Lost {
		l := &run.Lost[i]
		at := slices.IndexFunc(rules, func(r rule) bool { return r.matches(s, l) })
		groups[at] = append(groups[at], l)
	}
	var findings []Finding
	for i, group := range groups {
		if len(group) == 0 {
			continue
		}
		f := rules[i].explain(s, newEvidence(group))
		f.Rule, f.Lost = rules[i].name, int64(len(group))
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	for i := range findings {
		findings[i].forGateway(run.Gateway)
	}
	ofLosses := findings
	for _, r := range runRules {
		if f, ok := r.explain(s, ofLosses); ok {
			f.Rule = r.name
			findings = append(findings, f)
		}
	}
	return findings
}
