package report

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// Distrust lists why a run proves nothing. A run without checks can only
// contradict itself. Only runs of a scenario with expect or require must have
// an event.
func Distrust(r *analysis.Figures, asked bool) (doubts, hints []string) {
	if r.Loss.Identity != nil {
		doubts = append(doubts, "the counts do not add up: "+r.Loss.Identity.Error())
	}
	judged := len(r.Run.Expect)+len(r.Run.Require) > 0
	if !judged && !asked && !r.Loss.Event.Known {
		return doubts, nil
	}
	if n := r.Run.Counts.Spoiled; n > 0 {
		doubts = append(doubts, phrase.Counted(n, "request", "requests")+" failed because of this machine")
		hints = append(hints, r.Loss.SpoiledRemedy())
	}
	if r.Run.Interrupted {
		doubts = append(doubts, "the run was interrupted")
	}
	e := r.Loss.Event
	switch {
	case e.Err != "":
		doubts = append(doubts, e.Err)
	case !e.Known && judged && !r.Run.Interrupted:
		doubts = append(doubts, "no event was seen: nothing was done to the target")
	case e.Known && !e.Inside() && !r.Run.Interrupted:
		doubts = append(doubts, fmt.Sprintf("the load ended %s before the event did: the last request started at %s, the event ended at %s",
			phrase.Duration(e.End-e.LoadOver), phrase.Duration(e.LoadOver), phrase.Duration(e.End)))
		hints = append(hints, fmt.Sprintf("use --settle %ds to keep the load running until the event is over", e.Settle()))
	}
	b := r.Loss.Baseline
	switch {
	case tainted(r):
		doubts = append(doubts, fmt.Sprintf("the baseline was not healthy: %s lost before the event", phrase.Counted(b.Lost, "request was", "requests were")))
	case noBaseline(r):
		doubts = append(doubts, "there is no baseline: no request succeeded before the event")
	}
	return doubts, hints
}

// noBaseline reports whether no request succeeded before the event.
func noBaseline(r *analysis.Figures) bool { return r.Loss.Baseline.Known && r.Loss.Baseline.OK == 0 }

// unhealthy reports whether the target failed before the event, so that the run
// does not show what the event did.
func unhealthy(r *analysis.Figures) bool { return tainted(r) || noBaseline(r) }

func prefix(run *record.Run) string {
	if name := analysis.RunName(run); name != "" {
		return name + ": "
	}
	return ""
}
