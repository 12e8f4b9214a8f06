// Package diagnosis says why requests were lost, and which setting would have
// kept them.
//
// The pipeline: Of observes a run. Each loss goes to the first rule in the
// table that matches it, and each rule explains its losses in one Finding. The
// last rule matches everything, so the findings add up to the losses. A finding
// states a cause only with evidence for it. How it is printed is up to the
// formats.
//
// To add a rule: a file rule_NAME.go with a type (what it matches and how it
// explains that), or run_NAME.go for one about the run, and a row in lossRules or
// runRules. The meaning of a gateway's error page is in errorpage, the settings of
// a product in remedy. A new code also goes into code.go, the schema of
// report-json and report/cli/help/findings.md; tests name what was forgotten.
package diagnosis

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/streamed"
)

// lossRule matches losses and explains what they have in common. Each loss goes
// to the first rule that matches it.
type lossRule interface {
	matches(*observed.Observation, *record.LostRequest) bool
	explain(*observed.Observation, *observed.Evidence) Finding
}

// runRule is about the run as a whole. It sees the findings about the losses,
// and reports whether it has one to add.
type runRule interface {
	explain(s *observed.Observation, ofLosses []Finding) (Finding, bool)
}

// The rules rest on research into each gateway and the kernel: which side
// closes first, whether the listener closes before the balancer removes the
// endpoint, and what happens to connections that nobody accepted.

// lossRow is a rule, its name, and the code of its findings, unless the rule
// gives a finding a more precise one.
type lossRow struct {
	name string
	code Code
	lossRule
}

// lossRules are tried in this order. The last one matches everything, so that
// the findings add up to the losses.
var lossRules = []lossRow{
	{"baseline-not-healthy", SteadyErrors, baselineNotHealthy{}},
	{"crashed", Crashed, endpointCrashed{}},
	{"recreated", Recreated, recreated{}},
	{"listener-closed-before-removal", ClosedBeforeRemoved, listenerClosedBeforeRemoval{}},
	{"pre-stop-missing", ClosedBeforeRemoved, preStopMissing{}},
	{"balancer-heard-late", ClosedBeforeRemoved, balancerRemovedLate{}},
	{"ready-too-early", ReadyTooEarly, readyTooEarly{}},
	{"connections-refused", Refused, connectionsRefused{}},
	{"packets-dropped", PacketsDropped, packetsDropped{}},
	{"firewall-refused", FirewallRefused, firewallRefused{}},
	{"accept-queue-reset", AcceptQueueReset, acceptQueueReset{}},
	{"drain-cut", DrainCut, drainCut{}},
	{"ignored-sigterm", IgnoredSIGTERM, ignoredSIGTERM{}},
	{"grace-too-short", KilledAfterGrace, graceTooShort{}},
	{"goaway-without-grace", GoawayWithoutGrace, goawayWithoutGrace{}},
	{"killed-in-flight", CutAtExit, killedInFlight{}},
	{"cut-at-signal", CutAtExit, cutAtSignal{}},
	{"grace-timer", GraceTimer, graceTimer{}},
	{"cut-without-goaway", CutWithoutGoaway, cutWithoutGoaway{}},
	{"kept-alive-closed-without-notice", IdleCloseRace, keptAliveClosedWithoutNotice{}},
	{"cut-in-flight", CutInFlight, cutInFlight{}},
	{"tls-cut", TLSCut, tlsCut{}},
	{"tls-refused", TLSRefused, tlsRefused{}},
	{"responded-at-exit", GraceTimer, respondedAtExit{}},
	{"refused-while-draining", RefusedWhenDraining, refusedWhileDraining{ofShape{errorshape.Leaving}}},
	{"served-too-early", ReadyTooEarly, servedTooEarly{ofShape{errorshape.Arriving}}},
	{"no-upstream-left", NoUpstreamLeft, noUpstreamLeft{ofShape{errorshape.NothingLeft}}},
	{"stale-upstream", StaleUpstream, staleUpstream{ofShape{errorshape.Lasting}}},
	{"upstream-idle-timeout", UpstreamIdleTimeout, upstreamIdleTimeout{ofShape{errorshape.Scattered}}},
	{"error-answered", GatewayError, errorResponded{}},
	{"turned-away", TurnedAway, turnedAway{ofCause{record.CauseGoaway}}},
	{"stream-refused", StreamRefused, streamReset{ofCause{record.CauseRefusedStream}}},
	{"stream-reset", StreamReset, streamReset{ofCause{record.CauseStreamReset}}},
	{"name-lost", NameLost, nameLost{}},
	{"proxy-failed", ProxyFailed, proxyFailed{}},
	{"cold-start", ColdStart, coldStart{}},
	{"hung", Hung, requestHung{}},
	{"malformed-answer", Malformed, malformedResponse{}},
	{"body-over-limit", BodyOverLimit, bodyOverLimit{}},
	{"body-rejected", BodyRejected, bodyRejected{}},
	{"unexplained", Unexplained, unexplained{}},
}

// runRules are tried in this order.
var runRules = []struct {
	name string
	code Code
	runRule
}{
	{"details-incomplete", DetailsIncomplete, detailsIncomplete{}},
	{"client-exhausted", OwnLimit, clientExhausted{}},
	{"recurring", Recurring, recurring{}},
	{"killed-at-the-end-of-grace", KilledAfterGrace, killedAtTheEndOfGrace{}},
	{"load-ended-early", LoadEndedEarly, loadEndedEarly{}},
	{"event-not-seen", EventNotSeen, eventNotSeen{}},
	{"too-little-exposure", TooLittleExposure, tooLittleExposure{}},
	{"body-shorter", BodyShorter, bodyShorter{}},
	{"backlog-full", BacklogFull, backlogFull{}},
	{"slower-during", SlowerDuring, slowerDuring{}},
	{"drained-politely", DrainedPolitely, drainedPolitely{}},
}

// Of returns the findings about the losses, largest first, then those that
// limit what the figures prove. Their remedies are for every product: see
// ForTarget.
func Of(run *record.Run, loss *analysis.Loss) []Finding {
	s := observed.Observe(run, loss)
	found := explainLosses(s)
	findings := slices.Clone(found)
	for _, r := range runRules {
		if f, ok := r.explain(s, found); ok {
			f.Rule, f.Code = r.name, cmp.Or(f.Code, r.code)
			findings = append(findings, f)
		}
	}
	return findings
}

func explainLosses(s *observed.Observation) []Finding {
	var findings []Finding
	for i, losses := range matchLosses(s) {
		if len(losses) == 0 {
			continue
		}
		e := observed.NewEvidence(losses)
		f := lossRules[i].explain(s, e)
		f.Rule, f.Lost = lossRules[i].name, int64(len(losses))
		f.Code = cmp.Or(f.Code, lossRules[i].code)
		if on := streamed.Connections(s, e); on != "" {
			f.Evidence = slices.Insert(f.Evidence, min(2, len(f.Evidence)), on)
		}
		askProbes(s, &f, e)
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	return findings
}

// matchLosses assigns each loss to the first rule that matches it, and returns
// a list for each rule.
func matchLosses(s *observed.Observation) [][]*record.LostRequest {
	groups := make([][]*record.LostRequest, len(lossRules))
	for i := range s.Run.Lost {
		l := &s.Run.Lost[i]
		at := slices.IndexFunc(lossRules, func(r lossRow) bool { return r.matches(s, l) })
		groups[at] = append(groups[at], l)
	}
	return groups
}
