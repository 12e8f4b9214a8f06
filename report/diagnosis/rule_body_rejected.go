package diagnosis

import (
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// bodyRejected: the response was whole, and not what --expect-body or
// --expect-header asks for.
type bodyRejected struct{}

func (bodyRejected) matches(_ *observed.Observation, l *record.LostRequest) bool {
	return l.Class == record.NewClass(record.StageBody, record.CauseRejected)
}

func (bodyRejected) explain(s *observed.Observation, e *observed.Evidence) Finding {
	return Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "response was", "responses were") + " whole, but not what " + askedFor(s.Run) + " asks for",
		Confidence: Shown,
		Evidence:   append([]string{e.What(), e.When() + "; " + s.Where(e)}, s.Texts(e)...),
		Remedies: []Remedy{
			{"any", "compare such a response with what is asked for: a body that was cut short on its way to the gateway, an error page with a good status, or another version"},
			{"any", "if bodies were cut short: let the upstream send a Content-Length, or chunks over HTTP/1.1, and let it finish its requests before it exits"},
		},
	}
}

func askedFor(run *record.Run) string {
	var flags []string
	if run.Settings.ExpectBody != "" {
		flags = append(flags, "--expect-body")
	}
	if len(run.Settings.ExpectHeaders) > 0 {
		flags = append(flags, "--expect-header")
	}
	if len(flags) == 0 {
		return "the load"
	}
	return strings.Join(flags, " or ")
}
