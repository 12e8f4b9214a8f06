package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/shape"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// keptAliveClosedWithoutNotice: the request went out on a connection that the
// server was closing because it was idle, if the ages say so.
type keptAliveClosedWithoutNotice struct{}

func (keptAliveClosedWithoutNotice) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Reused && analysis.IsCut(l.Class) && analysis.Unresponded(l.Class)
}

func (keptAliveClosedWithoutNotice) explain(s *observed.Observation, e *observed.Evidence) Finding {
	ages := s.Shapes.AgesOf(e.Lost)
	n := int64(len(e.Lost))
	f := Finding{
		Title:      phrase.Counted(n, "request", "requests") + " went out on kept-alive connections that the server was closing",
		Confidence: Likely,
		Evidence: []string{
			e.What(),
			e.When() + "; " + s.Where(e),
			"no earlier response had said Connection: close, or nodrop would not have reused the connections",
			underWayFor(s, &ages),
		},
	}
	if ages.MostIdle > 0 {
		f.Evidence = append(f.Evidence, "their connections had been idle for "+phrase.Durations(ages.LeastIdle, ages.MostIdle))
	}
	f.Remedies, f.Settings = keepIdleOpen(s)
	switch {
	case ages.Kind == shape.Race:
		return f
	case ages.Unmeasured:
		f.Evidence = append(f.Evidence, "cannot tell whether the server was closing idle connections or something cut requests in flight: how long a round trip takes is not known")
	case ages.Alike:
		f.Evidence = append(f.Evidence, "cannot tell whether the server was closing idle connections or something cut requests in flight: responses take hardly longer than a round trip")
	case ages.Kind == shape.InFlight:
		f.Evidence = append(f.Evidence, "a request on a connection that is being closed fails after a round trip: these were in flight, and no mark shows what cut them")
	default:
		f.Evidence = append(f.Evidence, "cannot tell whether the server was closing idle connections or something cut requests in flight: the ages fit both")
	}
	f.Title = phrase.Counted(n, "request was", "requests were") + " cut on kept-alive connections"
	f.Confidence, f.Code, f.Settings = CannotTell, CutInFlight, nil
	if ages.Kind == shape.InFlight {
		f.Remedies = uncut(s, e)
	} else {
		f.Remedies = append(f.Remedies, uncut(s, e)[0])
	}
	return f
}

// underWayFor says how old requests were when they were cut.
func underWayFor(s *observed.Observation, ages *shape.Ages) string {
	text := "they had been under way for " + phrase.Durations(ages.Least, ages.Most)
	if ages.Least < ages.Most {
		text += ", half of them for no more than " + phrase.Duration(ages.Median)
	}
	if !ages.Unmeasured {
		text += "; a round trip takes " + phrase.Duration(s.Shapes.RoundTrip)
	}
	if s.Shapes.Response > 0 {
		text += "; half of the responses took no more than " + phrase.Duration(s.Shapes.Response)
	}
	return text
}

// keepIdleOpen returns the settings that keep a server from closing a
// connection just as a request is sent on it.
func keepIdleOpen(s *observed.Observation) ([]Remedy, []record.Remedy) {
	clients := Remedy{"clients", "set an idle timeout shorter than the server's, or the server's keep-alive timeout longer than that of its clients and load balancers"}
	if !s.Shapes.Eventful() {
		return []Remedy{
			clients,
			{"nginx", "keepalive_timeout above the idle timeout of what connects to it"},
			{"HAProxy", "timeout http-keep-alive above the idle timeout of what connects to it"},
			{"Envoy", "idle_timeout of the listener above that of what connects to it"},
		}, nil
	}
	return []Remedy{
		{"any", "while draining, send Connection: close with each response, and close idle connections only some time later"},
		clients,
		{"Envoy", "POST /drain_listeners?graceful or /healthcheck/fail: both make it send Connection: close"},
		{"nginx", "keepalive_min_timeout (from 1.27.4): how long an idle connection stays open after SIGQUIT"},
		{"HAProxy", "option idle-close-on-response: an idle connection is closed only after one more response"},
	}, []record.Remedy{{Object: "HAProxy", Setting: "option", Value: "idle-close-on-response"}}
}
