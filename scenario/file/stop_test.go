package file

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/scenario/action"
)

const stops = `
target: http://127.0.0.1:1/
load: {requests: 100}
setup:
  - {name: app, start: {argv: [app]}}
timeline:
  - {at: 10%, name: short, stop: app}
  - {at: 20%, name: shell, stop: {process: app, pre-stop: "sleep 5; echo out", signal: QUIT, grace: 20s}}
  - {at: 30%, name: argv, stop: {process: app, pre-stop: [sleep, "5"]}}
`

// TestStop: a stop has a pre-stop command in any form that exec has.
func TestStop(t *testing.T) {
	s, err := parse("stop.yaml", []byte(stops), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := check(t, compileSchema(t), []byte(stops)); err != nil {
		t.Error(err)
	}
	var list []*action.Stop
	for _, step := range s.Variants[0].Timeline {
		list = append(list, step.Action.(*action.Stop))
	}
	if short := list[0]; short.Process != "app" || short.PreStop != nil {
		t.Errorf("got %+v", short)
	}
	if shell := list[1]; shell.PreStop == nil || shell.PreStop.Shell != "sleep 5; echo out" || shell.Signal != "QUIT" || shell.Grace != 20*time.Second {
		t.Errorf("got %+v", shell)
	}
	if argv := list[2]; argv.PreStop == nil || !slices.Equal(argv.PreStop.Argv, []string{"sleep", "5"}) {
		t.Errorf("got %+v", argv)
	}
}

// TestStopCannotBeUndone: nor can its pre-stop command.
func TestStopCannotBeUndone(t *testing.T) {
	_, err := parse("stop.yaml", []byte(strings.Replace(stops, `[sleep, "5"]`, `{shell: "true", undo: "false"}`, 1)), Options{})
	if err == nil || !strings.Contains(err.Error(), "pre-stop: undo is not allowed here") {
		t.Errorf("got %v", err)
	}
}
