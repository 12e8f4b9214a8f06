package diagnosis

import (
	"fmt"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/diagnosis/streamed"
	"nodrop/report/phrase"
)

// turnedAway: GOAWAY came while the request was on its way, and named an earlier
// one as the last.
type turnedAway struct{ ofCause }

func (turnedAway) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request was", "requests were") + " turned away by GOAWAY and not processed",
		Confidence: CannotTell,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e), streamed.Goaway(s)},
	}
	limit := streamed.LimitOf(s)
	draining, sure := streamed.Draining(s, e.Lost)
	_, cut := s.Loss.Streams.Lost(true)
	switch {
	case limit.Requests > 0 && (limit.Again || !draining):
		f.Code, f.Confidence = ConnectionLimit, Shown
		f.Title += fmt.Sprintf(": the server ends each connection after %s", phrase.Counted(limit.Requests, "request", "requests"))
		f.Evidence = append(f.Evidence, fmt.Sprintf("on each of them, the last request that GOAWAY named was number %s", phrase.Number(limit.Requests)))
		f.advise(remedy.RaiseRequests()...)
	case limit.Age > 0:
		f.Code, f.Confidence = ConnectionLimit, Likely
		f.Title += ": the server ends each connection after about " + phrase.Duration(limit.Age)
		f.Evidence = append(f.Evidence, "GOAWAY came at much the same age on all of them, also on those that replaced others")
		f.advise(remedy.RaiseAge()...)
	case draining:
		f.Confidence = Likely
		if sure {
			f.Confidence = Shown
		}
		f.Title += " while their server drained"
		if cut == 0 {
			f.Code = DrainedPolitely
			f.Title += "; everything else in flight finished"
		}
		f.advise(remedy.AnnounceFirst()...)
	default:
		f.Evidence = append(f.Evidence, "cannot tell whether the server limits the requests or the age of a connection, or was restarted: the log of the server or gateway says it")
		f.advise(remedy.AnnounceFirst()[:2]...)
	}
	return f
}
