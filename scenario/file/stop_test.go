package file

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/scenario"
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

// TestCommandsOfAFile: the commands of all parts name products, those that have a
// label in messages too.
func TestCommandsOfAFile(t *testing.T) {
	const text = `
target: http://127.0.0.1:1/
load: {requests: 100}
setup:
  - exec: systemctl start haproxy
  - {name: gateway, start: {argv: [nginx, -g, daemon off;]}}
  - {name: pause, wait: 1ms}
gate:
  - exec: kubectl get pods
timeline:
  - {at: 10%, name: one, stop: {process: gateway, pre-stop: consul maint -enable}}
  - {at: 20%, name: two, stop: gateway}
restore:
  - {name: back, exec: docker start web}
`
	s, err := parse("stop.yaml", []byte(text), Options{})
	if err != nil {
		t.Fatal(err)
	}
	v := s.Variants[0]
	var got []string
	for _, a := range slices.Concat(v.Setup, v.Gate, []scenario.Action{v.Timeline[0].Action, v.Timeline[1].Action}, v.Restore) {
		runs := ""
		if r, ok := a.(scenario.Runner); ok {
			runs = r.Runs()
		}
		got = append(got, runs)
	}
	if want := []string{"systemctl start haproxy", "nginx -g daemon off;", "", "kubectl get pods", "consul maint -enable", "", "docker start web"}; !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}
