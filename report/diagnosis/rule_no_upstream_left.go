package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/phrase"
)

// noUpstreamLeft: for a while, a gateway had no upstream to send requests to.
type noUpstreamLeft struct{ ofShape }

func (noUpstreamLeft) explain(s *observation, e *evidence) Finding {
	like := s.responsesLike(e)
	begin, event := s.errors.Event()
	f := Finding{
		Title:      fmt.Sprintf("the gateway had no server left for %s: it responded with status %s", phrase.Duration(e.span()), e.statuses()),
		Confidence: Likely,
		Measured:   e.span(),
		Evidence:   []string{e.what(), e.when() + "; " + s.where(e)},
		Remedies: s.settingsFor(like, []Remedy{
			{"any", "keep at least one ready server behind the gateway at every moment: start new ones, and wait until they are ready, before the last old one stops"},
			{inKubernetes, "strategy.rollingUpdate.maxUnavailable: 0 with maxSurge: 1 or more; minReadySeconds longer than the gateway takes to notice; a PodDisruptionBudget with minAvailable: 1"},
			{errorpage.HAProxy, "a backup server, or option redispatch with retries, for the time in which one of several is away"},
		}),
		Settings: []record.Remedy{
			{Object: inKubernetes, Setting: "strategy.rollingUpdate.maxUnavailable", Value: "0"},
			{Object: inKubernetes, Setting: "strategy.rollingUpdate.maxSurge", Value: "1", AtLeast: true},
		},
	}
	groups := s.errors.Groups(e.lost)
	if len(groups) > 1 {
		f.Title = fmt.Sprintf("the gateway had no server left %d times: it responded with status %s", len(groups), e.statuses())
	}
	for i, g := range groups {
		until := "then requests were ok again"
		if !g.Recovered {
			until = "none was ok until the load ended"
		}
		if i < maxTexts {
			f.Evidence = append(f.Evidence, fmt.Sprintf("no response was ok between %s and %s; %s", phrase.Moment(g.Begin), phrase.Moment(g.End), until))
		}
		// A gateway that names no reason may as well have met slow or broken
		// upstreams, all at the same time.
		if !g.Said.Known || g.Said.Reason&(errorshape.NoServer|errorshape.NotReached) == 0 {
			f.Confidence = CannotTell
		}
	}
	switch {
	case event && e.first >= begin:
		f.Evidence = append(f.Evidence, "it began "+phrase.Duration(e.first-begin)+" after the event did")
	case !event:
		f.Evidence = append(f.Evidence, "no mark shows what was done to the servers behind the gateway")
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, maxTexts, int64(len(e.lost)))...)
	if f.Confidence == CannotTell {
		f.Settings = nil
		f.Title = fmt.Sprintf("every response had status %s, over %s: perhaps the gateway had no server left", e.statuses(), phrase.Duration(e.span()))
		f.Evidence = append(f.Evidence, "cannot tell whether all servers behind the gateway were gone, or failed or were too slow at the same time: the gateway's log says what it met")
	}
	return f
}
