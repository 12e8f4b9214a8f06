package phrase

import (
	"nodrop/report/analysis"
)

// Relation says how far a time is from the nearest mark.
func Relation(r analysis.Relation) string { return Apart(r.Distance) + " " + r.Mark.Clause(r.ToEnd) }

// Apart says how far a time is from another: "3.0 ms after".
func Apart(ns int64) string {
	if ns < 0 {
		return Duration(-ns) + " before"
	}
	return Duration(ns) + " after"
}

// Times formats a time, or two if they differ.
func Times(first, last int64) string {
	when := Moment(first)
	if to := Moment(last); to != when {
		when += " … " + to
	}
	return when
}

// Marks says what one or several marks are: "exited: gw-2 … gw-10 (9)".
func Marks(g *analysis.MarkGroup) string {
	text := g.Mark.Name
	if len(g.Endpoints) > 0 {
		text = string(g.Mark.Kind) + ": " + Names(g.Endpoints)
	}
	if g.Mark.Shutdown != nil {
		text += "; " + g.Mark.Shutdown.String()
	}
	if g.Mark.Error != "" {
		text += ": " + g.Mark.Error
	}
	return text
}
