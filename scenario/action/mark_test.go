package action_test

import (
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/action"
)

// TestMark: a mark of an endpoint is one moment; another mark is that of its step
// only.
func TestMark(t *testing.T) {
	for name, tt := range map[string]struct {
		mark action.Mark
		text string
		want []scenario.Moment
	}{
		"of the step":    {action.Mark{}, "mark", nil},
		"of an endpoint": {action.Mark{Endpoint: "web", Kind: record.MarkEndpointRemoved}, "mark web removed", []scenario.Moment{{Kind: record.MarkEndpointRemoved, Endpoint: "web"}}},
	} {
		var got []scenario.Moment
		env := &scenario.Env{Mark: func(m scenario.Moment) { got = append(got, m) }}
		before := time.Now()
		if err := tt.mark.Run(t.Context(), env); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if tt.mark.String() != tt.text {
			t.Errorf("%s: it is called %q; want %q", name, tt.mark, tt.text)
		}
		if len(got) != len(tt.want) {
			t.Fatalf("%s: got %+v; want %+v", name, got, tt.want)
		}
		for i, want := range tt.want {
			if got[i].At.Before(before) || got[i].At.After(time.Now()) {
				t.Errorf("%s: at %v", name, got[i].At)
			}
			if want.At = got[i].At; got[i] != want {
				t.Errorf("%s: got %+v; want %+v", name, got[i], want)
			}
		}
	}
}
