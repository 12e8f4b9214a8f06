package errorpage

import (
	"fmt"

	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/phrase"
)

// Arrival says what shows that an endpoint had just started.
func Arrival(g *errorshape.Group, name string) string {
	end := fmt.Sprintf("the last error came at %s; after that it served", phrase.Moment(g.Last))
	switch g.Basis {
	case errorshape.Marks:
		return fmt.Sprintf("%s was ready at %s, the first error came at %s; %s", name, phrase.Moment(g.Mark), phrase.Moment(g.First), end)
	case errorshape.SharedMarks:
		return fmt.Sprintf("a replica behind the same address was ready at %s, the first error came at %s; the last at %s", phrase.Moment(g.Mark), phrase.Moment(g.First), phrase.Moment(g.Last))
	case errorshape.Refusals:
		return fmt.Sprintf("%s refused connections until the first error came at %s, so it had just started; %s", name, phrase.Moment(g.First), end)
	case errorshape.FirstSeen:
		return fmt.Sprintf("the first connection to %s was made at %s, the first error came at %s; %s", name, phrase.Moment(g.Mark), phrase.Moment(g.First), end)
	case errorshape.Responses, errorshape.ExitMark, errorshape.Silence:
	}
	return fmt.Sprintf("only %s responded with 404, from %s on, while the others had what was asked for; %s", name, phrase.Moment(g.First), end)
}

// Departure says what shows that an endpoint was about to go.
func Departure(g *errorshape.Group, name string) string {
	came := fmt.Sprintf("errors came from %s to %s", phrase.Moment(g.First), phrase.Moment(g.Last))
	switch g.Basis {
	case errorshape.Marks:
		began := "began to terminate"
		if g.Signal {
			began = "got its stop signal"
		}
		return fmt.Sprintf("%s %s at %s; %s, until %s after that", name, began, phrase.Moment(g.Mark), came, phrase.Duration(max(0, g.Last-g.Mark)))
	case errorshape.SharedMarks:
		if g.Mark == analysis.Unknown {
			return "an endpoint behind the same address was terminating; " + came
		}
		return fmt.Sprintf("an endpoint behind the same address began to terminate at %s; %s", phrase.Moment(g.Mark), came)
	case errorshape.ExitMark:
		return fmt.Sprintf("%s; the process of %s exited at %s", came, name, phrase.Moment(g.Mark))
	case errorshape.Refusals:
		return fmt.Sprintf("%s; then %s refused connections", came, name)
	case errorshape.Responses, errorshape.FirstSeen, errorshape.Silence:
	}
	return fmt.Sprintf("%s; then nothing more came from %s", came, name)
}
