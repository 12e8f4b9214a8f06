package diagnosis

import (
	"fmt"

	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// noUpstreamLeft: for a while, a gateway had no upstream to send requests to.
type noUpstreamLeft struct{ ofShape }

func (noUpstreamLeft) explain(s *observed.Observation, e *observed.Evidence) Finding {
	like := responsesLike(s, e)
	begin, event := s.Errors.Event()
	f := Finding{
		Title:      fmt.Sprintf("the gateway had no server left for %s: it responded with status %s", phrase.Duration(e.Span()), statuses(e)),
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
	}
	f.advise(remedy.KeepReady(s.Removed(e.First))...)
	f.Remedies = settingsFor(s, like, f.Remedies)
	groups := s.Errors.Groups(e.Lost)
	if len(groups) > 1 {
		f.Title = fmt.Sprintf("the gateway had no server left %d times: it responded with status %s", len(groups), statuses(e))
	}
	for i, g := range groups {
		until := "then requests were ok again"
		if !g.Recovered {
			until = "none was ok until the load ended"
		}
		if i < observed.MaxTexts {
			f.Evidence = append(f.Evidence, fmt.Sprintf("no response was ok between %s and %s; %s", phrase.Moment(g.Begin), phrase.Moment(g.End), until))
		}
		if !sayNoneLeft(g) {
			f.Confidence = CannotTell
		}
	}
	switch {
	case event && e.First >= begin:
		f.Evidence = append(f.Evidence, "it began "+phrase.Duration(e.First-begin)+" after the event did")
	case event:
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "it began before the event did")
	default:
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "no mark shows what was done to the servers behind the gateway")
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, observed.MaxTexts, int64(len(e.Lost)))...)
	if f.Confidence == CannotTell {
		f.Settings = nil
		f.Title = fmt.Sprintf("every response had status %s, over %s: perhaps the gateway had no server left", statuses(e), phrase.Duration(e.Span()))
		f.Evidence = append(f.Evidence, "cannot tell whether all servers behind the gateway were gone, or failed or were too slow at the same time: the gateway's log says what it met")
	}
	return f
}

// sayNoneLeft reports whether a gateway says with its errors that it had no
// server, or reached none. One that names no reason, or only a connection that
// was closed, may as well have met slow or broken servers, all at the same time;
// so may one that could mean either, unless it lasted.
func sayNoneLeft(g *errorshape.Group) bool {
	reason := g.Said.Reason
	switch {
	case !g.Said.Known:
		return false
	case reason&errorshape.NoServer != 0:
		return true
	case reason&errorshape.Closed != 0:
		return reason&errorshape.NotReached != 0 && g.End-g.Begin >= lasted
	}
	return reason&errorshape.NotReached != 0
}

// lasted is from when on it is no accident that no server behind a gateway
// responded, in ns.
const lasted = 200_000_000
