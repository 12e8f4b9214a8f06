package phrase

import (
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// TestRelation: what is said of a mark is a clause, also of a step, which has two
// ends.
func TestRelation(t *testing.T) {
	of := func(kind record.MarkKind, endpoint string) record.Mark {
		return record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint}
	}
	step := record.Mark{Kind: record.MarkStep, Name: "deploy", End: 9}
	named := of(record.MarkEndpointRemoved, "gw-2")
	named.Name = "the balancer read its table"
	for want, r := range map[string]analysis.Relation{
		"1.0 ms after replica gw-2 exited":              {Mark: of(record.MarkExited, "gw-2"), Distance: 1e6},
		"1.0 ms before endpoint gw-2 was removed":       {Mark: of(record.MarkEndpointRemoved, "gw-2"), Distance: -1e6},
		"1.0 ms after the listener of replica a closed": {Mark: of(record.MarkListenerClosed, "a"), Distance: 1e6},
		"1.0 ms before the start of deploy":             {Mark: step, Distance: -1e6},
		"1.0 ms after the end of deploy":                {Mark: step, Distance: 1e6, ToEnd: true},
		"0 s after the balancer read its table":         {Mark: named},
	} {
		if got := Relation(r); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestDurations(t *testing.T) {
	for want, of := range map[string][2]int64{"1.7 ms to 3.7 ms": {1_700_000, 3_700_000}, "1.7 ms": {1_700_000, 1_700_001}} {
		if got := Durations(of[0], of[1]); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}
