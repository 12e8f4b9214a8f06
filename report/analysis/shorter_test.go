package analysis

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/length"
	"nodrop/report/reporttest"
)

// bodies returns n responses whose heads do not say how long their bodies are:
// one every millisecond, with these lengths in turn.
func bodies(n int, from int64, lengths ...int64) []reporttest.Request {
	list := reporttest.Steady(n, from, ms, "gw-1")
	for i := range list {
		list[i].Unsized, list[i].Bytes = true, lengths[i%len(lengths)]
	}
	return list
}

func TestShorter(t *testing.T) {
	const during, later, after = 1050 * ms, 1200 * ms, 2500 * ms // the event ends at 1100 ms; a second later it cuts no more
	join := slices.Concat[[]reporttest.Request]
	steady := bodies(240, 0, 5000)
	announced := bodies(12, during, 2500)
	for i := range announced {
		announced[i].Unsized = false
	}
	for name, tt := range map[string]struct {
		requests []reporttest.Request
		edit     func(*record.Run)
		notable  bool
	}{
		"cut in the event":              {requests: join(steady, bodies(12, during, 2500, 4000), bodies(68, later, 5000)), notable: true},
		"three":                         {requests: join(steady, bodies(3, during, 4999), bodies(68, later, 5000)), notable: true},
		"two":                           {requests: join(steady, bodies(2, during, 2500), bodies(68, later, 5000))},
		"none":                          {requests: join(steady, bodies(68, later, 5000))},
		"longer":                        {requests: join(steady, bodies(12, during, 6000), bodies(68, later, 5000))},
		"few before, of one length":     {requests: join(bodies(30, 0, 5000), bodies(3, during, 2500), bodies(20, later, 5000)), notable: true},
		"fewer before, of one length":   {requests: join(bodies(29, 0, 5000), bodies(3, during, 2500), bodies(20, later, 5000))},
		"enough before, of two lengths": {requests: join(bodies(100, 0, 5000, 4990), bodies(3, during, 2500), bodies(20, later, 5000)), notable: true},
		"few before, of two lengths":    {requests: join(bodies(99, 0, 5000, 4990), bodies(3, during, 2500), bodies(20, later, 5000))},
		"within the range":              {requests: join(bodies(100, 0, 2000, 5000), bodies(12, during, 2500), bodies(20, later, 5000))},
		"some are below by chance":      {requests: join(bodies(100, 0, 4000, 5000, 6000), bodies(3, during, 3990), bodies(297, later, 4000, 5000, 6000))},
		"too many for chance":           {requests: join(bodies(100, 0, 4000, 5000, 6000), bodies(30, during, 3990), bodies(270, later, 4000, 5000, 6000)), notable: true},
		"cut, of a wide range":          {requests: join(bodies(100, 0, 4000, 5000, 6000), bodies(3, during, 1990), bodies(297, later, 4000, 5000, 6000)), notable: true},
		"the content is another now":    {requests: join(steady, bodies(12, during, 4990, 5000), bodies(300, later, 4990))},
		"long after the event":          {requests: join(steady, bodies(68, later, 5000), bodies(12, after, 2500), bodies(68, after+100*ms, 5000))},
		"their lengths were announced":  {requests: join(steady, announced, bodies(68, later, 5000))},
		"no event":                      {requests: join(steady, bodies(12, during, 2500), bodies(68, later, 5000)), edit: func(run *record.Run) { run.Marks = nil }},
		"a body is asked for":           {requests: join(steady, bodies(12, during, 2500), bodies(68, later, 5000)), edit: func(run *record.Run) { run.Settings.ExpectBody = "length:2500" }},
		"nothing came before":           {requests: join(bodies(12, during, 2500), bodies(68, later, 5000))},
	} {
		t.Run(name, func(t *testing.T) {
			run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) {
				run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1100 * ms}}
				if tt.edit != nil {
					tt.edit(run)
				}
			}))
			got := Of(run).Loss.Shorter
			if got.Notable() != tt.notable {
				t.Errorf("notable: %v; want %v; %+v", got.Notable(), tt.notable, got)
			}
			if name != "cut in the event" {
				return
			}
			if got.Before != (length.Range{Count: 240, Min: 5000, Max: 5000}) || got.Event != (length.Range{Count: 80, Min: 2500, Max: 5000}) || got.Short != (length.Range{Count: 12, Min: 2500, Max: 4000}) {
				t.Errorf("%+v", got)
			}
		})
	}
}
