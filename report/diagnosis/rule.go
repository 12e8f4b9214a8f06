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
	code() string
	matches(*observation, *record.LostRequest) bool
	explain(*observation, *evidence) Finding
}

// runRule is about the run as a whole. It sees what was found of the losses, and
// says whether there is anything to explain.
type runRule interface {
	code() string
	explain(s *observation, ofLosses []Finding) (Finding, bool)
}

// What the layers do when they go, and what the kernel makes of it, is from
// research into each of them: the side that closes first, the order of closing
// the listener and being taken out of the balancer, and what becomes of
// connections that nobody accepted.

// lossRules, in the order in which they are asked. The last one takes what is left,
// so that findings and losses add up.
var lossRules = []lossRule{
	baselineNotHealthy{},
	endpointCrashed{},
	listenerClosedBeforeRemoval{},
	preStopMissing{},
	balancerHeardLate{},
	connectionsRefused{},
	packetsDropped{},
	firewallRefused{},
	acceptQueueReset{},
	graceTooShort{},
	killedInFlight{},
	keptAliveClosedWithoutNotice{},
	cutInFlight{},
	tlsCut{},
	tlsRefused{},
	errorAnswered{},
	nameLost{},
	proxyFailed{},
	requestHung{},
	malformedAnswer{},
	bodyOverLimit{},
	unexplained{},
}

// runRules, in the order in which they are asked.
var runRules = []runRule{
	detailsIncomplete{},
	clientExhausted{},
	killedAtTheEndOfGrace{},
	loadEndedEarly{},
	eventNotSeen{},
	tooLittleExposure{},
}

// Of finds what the losses have in common, the most frequent first, then
// what stands against the figures.
func Of(run *record.Run, loss *analysis.Loss) []Finding {
	s := observe(run, loss)
	groups := make([][]*record.LostRequest, len(lossRules))
	for i := range run.Lost {
		l := &run.Lost[i]
		at := slices.IndexFunc(lossRules, func(r lossRule) bool { return r.matches(s, l) })
		groups[at] = append(groups[at], l)
	}
	var findings []Finding
	for i, group := range groups {
		if len(group) == 0 {
			continue
		}
		f := lossRules[i].explain(s, newEvidence(group))
		f.Rule, f.Lost = lossRules[i].code(), int64(len(group))
		findings = append(findings, f)
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	for i := range findings {
		findings[i].forGateway(run.Gateway)
	}
	ofLosses := findings
	for _, r := range runRules {
		if f, ok := r.explain(s, ofLosses); ok {
			f.Rule = r.code()
			findings = append(findings, f)
		}
	}
	return findings
}
