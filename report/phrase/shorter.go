package phrase

import (
	"fmt"

	"nodrop/report/analysis"
)

// Shorter says how many bodies were shorter during the event, or after the first
// mark, than before it, and by how much.
func Shorter(s analysis.Shorter) string {
	when := "during the event"
	if !s.Known {
		when = "after the first mark"
	}
	return fmt.Sprintf("%s of %s %s had a shorter body (%s) than all %s before it (%s)",
		Number(s.Short.Count), Number(s.Event.Count)+Choose(s.Event.Count, " response", " responses"), when, lengths(s.Short.Min, s.Short.Max),
		Number(s.Before.Count), lengths(s.Before.Min, s.Before.Max))
}

func lengths(least, most int64) string {
	if least == most {
		return Number(least) + Choose(least, " byte", " bytes")
	}
	return Number(least) + " to " + Number(most) + " bytes"
}
