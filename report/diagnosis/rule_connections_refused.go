package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// connectionsRefused: a connection was refused, and no mark shows why.
type connectionsRefused struct{}

func (connectionsRefused) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return analysis.IsRefusal(l.Class)
}

func (connectionsRefused) explain(s *observed.Observation, e *observed.Evidence) Finding {
	evidence := []string{e.What(), e.When() + "; " + s.Where(e)}
	if s.Responses.Count == 0 && s.Run.Counts.Lost == int64(len(e.Lost)) && (e.Redirected == 0 || e.Redirected == int64(len(e.Lost))) {
		title, remedy := "every connection was refused: nothing is listening at that address", "check the URL's host and port, and that the service is running"
		if e.Redirected > 0 {
			title = "nothing is listening where the redirect leads: every connection to it was refused"
			remedy = "check where the redirect leads (see the samples), and that the service there is running; -disable-redirects counts the redirect itself as the response"
		}
		return Finding{
			Title: title, Confidence: Likely, Measured: e.Span(),
			Evidence: evidence, Remedies: []Remedy{{"any", remedy}},
		}
	}
	times, cause := s.Shapes.Times(e.Lost), "whether the listener closed before the load balancer removed the endpoint"
	if !s.Shapes.Eventful() {
		cause = "why nothing was listening"
	}
	f := Finding{
		Title:      fmt.Sprintf("%s refused connections for %s", observed.Subject(e), phrase.Duration(e.Span())),
		Confidence: CannotTell,
		Measured:   e.Span(),
		Evidence:   append(evidence, "cannot tell "+cause+": "+s.Missing(e), fmt.Sprintf("at this request rate, the times are accurate to %s", phrase.Duration(s.ProbeGap(len(e.Endpoints))))),
		Remedies:   inWords(remedy.AcceptUntilOut()),
	}
	if times.Spread {
		f.Remedies = notAShutdown("refuses connections: a process that restarts, a rule that rejects them")
	}
	if !times.Recovered {
		f.Evidence = append(f.Evidence, "no request succeeded after the last of them: when the load ended, nothing served")
	}
	if bound := sinceTerminating(s, e); bound > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the last refusal came %s after termination began: keep accepting for longer than that; how much longer is not known", phrase.Duration(bound)))
	}
	return f
}

// sinceTerminating returns the longest time from the start of an endpoint's
// termination to a loss on it, in ns; 0 if not known.
func sinceTerminating(s *observed.Observation, e *observed.Evidence) int64 {
	var longest int64
	for _, l := range e.Lost {
		if own := s.LifecycleOf(l); own != nil && own.Terminating != analysis.Unknown {
			longest = max(longest, l.End-own.Terminating)
		}
	}
	return longest
}
