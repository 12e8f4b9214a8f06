package format

import (
	"fmt"
	"math"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/brief"
	"nodrop/report/format/head"
	"nodrop/report/phrase"
)

// notesOf returns the footnotes that are needed to read the figures right.
func notesOf(r *report.RunReport) []string { return slices.Concat(zeroNotes(r), otherNotes(r)) }

// zeroNotes says what it proves that nothing was lost.
func zeroNotes(r *report.RunReport) []string {
	z, ok := brief.ZeroOf(r)
	if !ok {
		return nil
	}
	list := []string{fmt.Sprintf("0 lost of %s, but the loss ratio may be up to %s (95 %% confidence)", phrase.Number(r.Run.Counts.OK-r.Loss.Streams.TurnedAway), phrase.Percentage(z.Bound))}
	if z.Event && z.Of > 1 && z.Shortest != math.MaxInt64 {
		list = append(list, smallestOutages(&z))
	}
	return list
}

// otherNotes are the rest of the notes.
func otherNotes(r *report.RunReport) []string {
	run := r.Run
	list := slices.Clone(run.Notes)
	add := func(when bool, format string, args ...any) {
		if when {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	c := run.Counts
	add(run.Interrupted, "the run was interrupted after %s", phrase.Duration(run.Duration))
	add(unplaced(r) > 0, "%s no response, so the replica is unknown: only responses carry %s", phrase.Counted(unplaced(r), "lost request got", "lost requests got"), run.Settings.EndpointHeader)
	add(r.Loss.Hidden > 0 && !r.Loss.Streams.Shared(), "a client that retries (such as Go's net/http) would have hidden %s: sent on kept-alive connections, with no byte of a response", phrase.Counted(r.Loss.Hidden, "lost request", "lost requests"))
	add(r.Loss.Outside > 0, "%s outside the event, before its first mark or after its last", phrase.Counted(r.Loss.Outside, "loss is", "losses are"))
	add(r.Loss.After > 0 && !r.Loss.Event.Open, "%s after the steps ended: no mark shows how long their effects lasted", phrase.Counted(r.Loss.After, "loss came", "losses came"))
	add(r.Loss.After > 0 && r.Loss.Event.Open, "%s after the last mark of the event: no mark shows when balancers learned of it", phrase.Counted(r.Loss.After, "loss came", "losses came"))
	add(r.Loss.Recovery >= 0, "the last loss came %s after the event began", phrase.Duration(r.Loss.Recovery))
	add(run.Connections.Stale > 0, "%s closed by the peer before the next request was written, and replaced: nothing was lost",
		phrase.Counted(run.Connections.Stale, "kept-alive connection was", "kept-alive connections were"))
	add(run.Connections.Ours > 0, "the server did not close %s as asked: nodrop closed %s, so TIME_WAIT is on this machine",
		phrase.Counted(run.Connections.Ours, "connection", "connections"), phrase.Choose(run.Connections.Ours, "it", "them"))
	add(run.Connections.Surplus > 0, "%s followed by bytes that belong to no request, so the connection was dropped",
		phrase.Counted(run.Connections.Surplus, "response was", "responses were"))
	list = append(list, brief.TLS(run)...)
	share, much := brief.Handshaking(run)
	add(much, "computing TLS handshakes took nodrop %s of its time, and responses waited meanwhile: latencies are partly nodrop's own; use fewer new connections, or more --cpus", phrase.Percentage(min(1, share)))
	add(brief.TooSlow(&r.Figures), "asked for %s/s, sent %s/s: the target or this machine was too slow", head.Rate(brief.AskedRate(run)), head.Rate(brief.SentRate(&r.Figures)))
	add(run.Unproven > 0, "%s no length and ended with the connection (HTTP/1.0 style): a cut cannot be detected", phrase.Counted(run.Unproven, "ok response had", "ok responses had"))
	add(c.Unsent > 0, "%s of %s planned requests %s never sent", phrase.Number(c.Unsent), phrase.Number(c.Planned), phrase.Choose(c.Unsent, "was", "were"))
	add(c.Aborted > 0, "%s in flight when the run was stopped: neither ok nor lost", phrase.Counted(c.Aborted, "request was", "requests were"))
	add(c.Spoiled > 0, "%s failed because of this machine, not the target: %s", phrase.Counted(c.Spoiled, "request", "requests"), r.Loss.SpoiledRemedy())
	add(run.LostUnlisted > 0, "%s in the counts only: details are kept for the first %s", phrase.Counted(run.LostUnlisted, "lost request is", "lost requests are"), phrase.Number(int64(len(run.Lost))))
	add(len(r.Loss.Windows) > 0, "requests started in a window are counted in whole steps of %s", phrase.Duration(run.Bins.Width))
	add(analysis.ClosedAndLost(run), "closed loop: the faster requests fail, the more of them are sent; compare windows, not percentages")
	return list
}

// unplaced counts the losses without a replica although --endpoint-header is
// set.
func unplaced(r *report.RunReport) int64 {
	if r.Run.Settings.EndpointHeader == "" {
		return 0
	}
	var n int64
	for _, c := range r.Loss.Classes {
		if !c.Spoiled && c.Class.Stage() != record.StageStatus {
			n += c.Total()
		}
	}
	return n
}

// smallestOutages says how short an outage the load would still have met: of
// one endpoint, and of as many as left.
func smallestOutages(z *brief.Zero) string {
	text := fmt.Sprintf("the shortest outage that this load detects 19 times in 20: %s of 1 of %d endpoints", phrase.Duration(z.Shortest), z.Of)
	if z.OfThose > 0 {
		text += fmt.Sprintf(", %s of %d", phrase.Duration(z.OfThose), z.Leaving)
	}
	return text
}
