package phrase

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// Relation says how far a time is from the nearest mark.
func Relation(r analysis.Relation) string { return Apart(r.Distance) + " " + happened(r) }

// Apart says how far a time is from another: "3.0 ms after".
func Apart(ns int64) string {
	if ns < 0 {
		return Duration(-ns) + " before"
	}
	return Duration(ns) + " after"
}

// happened is what a mark says, as a clause.
func happened(r analysis.Relation) string {
	m := &r.Mark
	switch {
	case m.Kind == record.MarkStep && r.ToEnd:
		return "the end of " + m.Name
	case m.Kind == record.MarkStep:
		return "the start of " + m.Name
	case m.Endpoint == "" || m.Name != m.Kind.Of(m.Endpoint):
		return m.Name
	}
	if clause, known := clauses[m.Kind]; known {
		return fmt.Sprintf(clause, m.Endpoint)
	}
	return m.Name
}

// clauses are the names of marks of endpoints with a verb.
var clauses = map[record.MarkKind]string{
	record.MarkTerminating:     "replica %s began to terminate",
	record.MarkSignalled:       "replica %s was signalled",
	record.MarkListenerClosed:  "the listener of replica %s closed",
	record.MarkKilled:          "replica %s was killed",
	record.MarkEndpointRemoved: "endpoint %s was removed",
	record.MarkNotReady:        "endpoint %s was not ready",
	record.MarkEndpointGoes:    "endpoint %s began to terminate",
	record.MarkEndpointDropped: "endpoint %s was dropped",
	record.MarkConnectionsCut:  "the connections of %s were cut",
	record.MarkReady:           "replica %s was ready",
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
