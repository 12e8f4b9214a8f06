package report

import (
	"fmt"
	"slices"

	"nodrop/loadgen"
)

// notes are the footnotes: what one must know to read the figures right.
func (r *RunReport) notes() []string {
	run := r.Run
	list := slices.Clone(run.Notes)
	add := func(when bool, format string, args ...any) {
		if when {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	c := run.Counts
	add(c.Lost == 0 && c.OK > 0, "0 lost of %d: a loss ratio of %.2g %% or less would go unseen 1 time in 20", c.OK, r.Loss.UpperBound*100)
	add(c.Lost == 0 && r.Loss.Event.Known && len(run.Endpoints) > 1, "the smallest outage of 1 of %d endpoints that this load would have met 19 times in 20: %s",
		len(run.Endpoints), duration(smallestWindow(run)))
	add(run.Connections.Stale > 0, "%d kept-alive connections were closed by the peer before the next request was written, and were replaced: not lost", run.Connections.Stale)
	add(run.Connections.Ours > 0, "%d connections that the peer was to close were closed from this side: TIME_WAIT stays on this machine", run.Connections.Ours)
	add(run.Connections.Surplus > 0, "%d answers were followed by bytes that belong to no request; their connections were dropped", run.Connections.Surplus)
	add(run.Late > 0, "%d ticks of -q passed while their worker was still waiting for an answer: the load was lower than asked for", run.Late)
	add(c.Unsent > 0, "%d of %d planned requests were never sent", c.Unsent, c.Planned)
	add(c.Aborted > 0, "%d requests were in flight when the run was stopped, and are neither ok nor lost", c.Aborted)
	add(c.Spoiled > 0, "%d requests failed for reasons on this machine (%s): they say nothing about the target", c.Spoiled, r.spoiledRemedy())
	add(run.LostUntold > 0, "%d lost requests are in the counts only: details are kept of the first %d", run.LostUntold, len(run.Lost))
	add(len(r.Loss.Windows) > 0, "requests started in a window are counted in whole steps of %s", duration(run.Bins.Width))
	add(closedAndLost(run), "closed load model: the faster a failure, the more requests it meets; compare windows, not percentages")
	return list
}

// closedAndLost: without -q, workers that are refused at once ask again at once.
func closedAndLost(run *loadgen.Run) bool {
	return run.Settings.Rate == 0 && run.Counts.Lost > 0
}

// smallestWindow is the shortest outage of one of m endpoints that a load of
// rate R meets at least once with 95 % probability: 3m/R, from
// P(none) = e^(−R·W/m).
func smallestWindow(run *loadgen.Run) int64 {
	if run.Counts.Started == 0 {
		return 0
	}
	perRequest := float64(run.Duration) / float64(run.Counts.Started)
	return int64(3 * float64(len(run.Endpoints)) * perRequest)
}
