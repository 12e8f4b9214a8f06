// Package diagnosis says why requests were lost, and which setting would have
// kept them.
//
// The pipeline: Of observes a run. Each loss goes to the first rule in the
// table that matches it, and each rule explains its losses in one Finding. The
// last rule matches everything, so the findings add up to the losses. A finding
// states a cause only with evidence for it. How it is printed is up to the
// formats.
package diagnosis

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// lossRule matches losses and explains what they have in common. Each loss goes
// to the first rule that matches it.
type lossRule interface {
	matches(*observation, *record.LostRequest) bool
	explain(*observation, *evidence) Finding
}

// runRule is about the run as a whole. It sees the findings about the losses,
// and reports whether it has one to add.
type runRule interface {
	explain(s *observation, ofLosses []Finding) (Finding, bool)
}

// The rules rest on research into each gateway and the kernel: which side
// closes first, whether the listener closes before the balancer removes the
// endpoint, and what happens to connections that nobody accepted.

// lossRow is a rule and its code, by which readers of findings know it.
type lossRow struct {
	code string
	lossRule
}

// lossRules are tried in this order. The last one matches everything, so that
// the findings add up to the losses.
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

// runRules are tried in this order.
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

// Of returns the findings about the losses, largest first, then those that
// limit what the figures prove.
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

// matchLosses assigns each loss to the first rule that matches it, and returns
// a list for each rule.
func matchLosses(s *observation) [][]*record.LostRequest {
	groups := make([][]*record.LostRequest, len(lossRules))
	for i := range s.run.Lost {
		l := &s.run.Lost[i]
		at := slices.IndexFunc(lossRules, func(r lossRow) bool { return r.matches(s, l) })
		groups[at] = append(groups[at], l)
	}
	return groups
}
