package file

import (
	"testing"

	"nodrop/loadgen/record"
	"nodrop/scenario/action"
)

// TestMarks: every spelling of a kind is accepted; an address is spelt as
// recordings spell it; a step without a name gets one.
func TestMarks(t *testing.T) {
	const text = `
load: {url: "http://127.0.0.1/"}
vars: {ENDPOINT: "[::ffff:10.0.0.5]:8080", KIND: exited}
setup:
  - {mark: {endpoint: web-1, kind: ready}}
timeline:
  - {at: 1s, mark: plain}
  - {at: 1s, mark: {endpoint: web-1, kind: removed}}
  - {at: 1s, mark: {endpoint: web-2, kind: endpoint removed}}
  - {at: 1s, mark: {endpoint: web-1, kind: listener-closed}}
  - {at: 1s, name: gone, mark: {endpoint: "${ENDPOINT}", kind: "${KIND}"}}
`
	s, err := parse("marks.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	schema := compileSchema(t)
	if err := check(t, schema, []byte(text)); err != nil {
		t.Error(err)
	}
	v := s.Variants[0]
	if got := v.Setup[0]; got != (action.Mark{Endpoint: "web-1", Kind: record.MarkReady}) {
		t.Errorf("setup: %#v", got)
	}
	for i, want := range []struct {
		name string
		mark action.Mark
	}{
		{"plain", action.Mark{}},
		{"mark web-1 removed", action.Mark{Endpoint: "web-1", Kind: record.MarkEndpointRemoved}},
		{"mark web-2 removed", action.Mark{Endpoint: "web-2", Kind: record.MarkEndpointRemoved}},
		{"mark web-1 listener closed", action.Mark{Endpoint: "web-1", Kind: record.MarkListenerClosed}},
		{"gone", action.Mark{Endpoint: "10.0.0.5:8080", Kind: record.MarkExited}},
	} {
		if got := v.Timeline[i]; got.Name != want.name || got.Action != want.mark {
			t.Errorf("step %d: %q %#v; want %q %#v", i, got.Name, got.Action, want.name, want.mark)
		}
	}
}
