package phrase

import (
	"fmt"

	"nodrop/report/analysis"
)

// Relation says how far a time is from the nearest mark.
func Relation(r analysis.Relation) string {
	side := "after"
	if r.Distance < 0 {
		side = "before"
	}
	return fmt.Sprintf("%s %s %s", Duration(max(r.Distance, -r.Distance)), side, r.Mark.Name)
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
