package report

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
)

// rule claims losses, each of which goes to the first that wants it, and tells
// what they have in common.
type rule struct {
	name   string
	claims func(*scene, *record.LostRequest) bool
	tell   func(*scene, *evidence) Finding
}

// rules, in the order in which they are asked. The last one takes what is left,
// so that findings and losses add up.
var rules = []rule{
	{"baseline-not-healthy", claimsBaseline, tellBaseline},
	{"crashed", claimsCrashed, tellCrashed},
	{"listener-closed-before-removal", claimsOverlap, tellOverlap},
	{"pre-stop-missing", claimsPreStopMissing, tellPreStopMissing},
	{"balancer-heard-late", claimsHeardLate, tellHeardLate},
	{"connections-refused", claimsRefused, tellRefused},
	{"packets-dropped", claimsDropped, tellDropped},
	{"firewall-refused", claimsFirewall, tellFirewall},
	{"accept-queue-reset", claimsAcceptQueue, tellAcceptQueue},
	{"grace-too-short", claimsGraceOver, tellGraceOver},
	{"killed-in-flight", claimsKilled, tellKilled},
	{"kept-alive-closed-without-notice", claimsKeptAlive, tellKeptAlive},
	{"cut-in-flight", claimsCut, tellCut},
	{"tls-cut", claimsTLSCut, tellTLSCut},
	{"tls-refused", inStage(record.StageTLS), tellTLSRefused},
	{"error-answered", inStage(record.StageStatus), tellStatus},
	{"name-lost", inStage(record.StageDNS), tellName},
	{"proxy-failed", inStage(record.StageProxy), tellProxy},
	{"hung", claimsHung, tellHung},
	{"malformed-answer", claimsMalformed, tellMalformed},
	{"body-over-limit", claimsOverLimit, tellOverLimit},
	{"unexplained", func(*scene, *record.LostRequest) bool { return true }, tellUnexplained},
}

// runRules are about the run as a whole.
var runRules = []struct {
	name string
	tell func(*scene) (Finding, bool)
}{

	{"details-incomplete", tellUntold},
	{"client-exhausted", tellClient},
	{"killed-at-the-end-of-grace", tellKilledUnmet},
	{"load-ended-early", tellEndedEarly},
	{"event-not-seen", tellNoEvent},
	{"too-little-exposure", tellExposure},
}

// diagnose finds what the losses have in common, the most frequent first, then
// what stands against the figures.
func diagnose(run *record.Run, loss *Loss) []Finding {
	s := newScene(run, loss)
	groups := make([][]*record.LostRequest, len(rules))
	for i := range run.Lost {
		l := &run.Lost[i]
		at := slices.IndexFunc(rules, func(r rule) bool { return r.claims(s, l) })
		groups[at] = append(groups[at], l)
	}
	for i, group := range groups {
		if len(group) == 0 {
			continue
		}
		f := rules[i].tell(s, newEvidence(group))
		f.Rule, f.Lost = rules[i].name, int64(len(group))
		s.made = append(s.made, f)
	}
	slices.SortStableFunc(s.made, func(a, b Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	for i := range s.made {
		s.made[i].forGateway(run.Gateway)
	}
	findings := s.made
	for _, r := range runRules {
		if f, ok := r.tell(s); ok {
			f.Rule = r.name
			findings = append(findings, f)
		}
	}
	return findings
}
