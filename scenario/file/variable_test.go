package file

import (
	"strings"
	"testing"

	"nodrop/scenario/action"
)

// TestFaultsHideValues: no fault contains a value from --set or the
// environment, whatever the value was used for.
func TestFaultsHideValues(t *testing.T) {
	for _, place := range []string{
		"settle: ${X}", "repeat: ${X}", "setup: [{signal: {name: '${X}', pid: 5}}]", "setup: [{stop: '${X}'}]",
		"setup: [{kube: {scale: '${X}', replicas: 1}}]", "setup: [{kube: {wait: 'a/b', for: '${X}'}}]", "setup: [{http: {url: 'http://h/', status: '${X}'}}]",
		"setup: [{lab: {start: {gateway: '${X}'}}}]", "setup: [{wait: '${X}'}]", "variants: {v: {expect: ['${X}']}}",
		"setup: [{exec: 'sh -c \"echo ${X}\"'}]", "setup: [{exec: [perl, -e, 'print ${X}']}]", "clusters: {a: {context: c}}\nsetup: [{kube: {cluster: '${X}', gone: x}}]",
		"setup: [{exec: 'echo $(( ${X} ))'}]", "setup: [{exec: 'echo \\${X}'}]",
	} {
		text := "target: http://127.0.0.1/\nload: {requests: 100, connections: 1}\n" + place + "\ntimeline: [{at: 1s, mark: '${X}'}]\n"
		for name, o := range map[string]Options{
			"--set":       {Set: map[string]string{"X": "no;secret"}},
			"environment": {LookupEnv: func(string) (string, bool) { return "no;secret", true }},
		} {
			o.ParseCheck = parseCheck
			_, err := parse("x.yaml", []byte(text), o)
			if err == nil || strings.Contains(err.Error(), "no;secret") || !strings.Contains(err.Error(), "${X}") {
				t.Errorf("%s, %s: got %v", place, name, err)
			}
		}
	}
}

// TestShown: which variables messages show.
func TestShown(t *testing.T) {
	text := `
name: of ${X}
target: http://${HOST}:8080/${X}?a=${OWN}&b=${HIDDEN}
load: {requests: 100, connections: 1}
vars: {OWN: own, API_TOKEN: own-token, HOST: h, HIDDEN: "x ${X} y", BASE: "http://${HOST}/"}
setup:
  - {name: "w ${X}", start: {argv: [server, "${X}"], ready: {http: "${BASE}${X}"}}}
  - http: ${URL}
timeline:
  - {name: "a ${X} ${OWN} ${API_TOKEN} $${HOME}", at: 1s, exec: "echo ${X} ${OWN}"}
  - {after: "a val ${OWN} own-token $${HOME}", exec: [echo, "${OWN}", "${X}", "password=literal"]}
  - {at: 2s, signal: {process: "w val", name: TERM}}
`
	s, err := parse("x.yaml", []byte(text), Options{Set: map[string]string{"X": "val", "HOST": "gateway.example", "URL": "http://me:pw@h/?token=t"}})
	if err != nil {
		t.Fatal(err)
	}
	v := s.Variants[0]
	start := v.Setup[0].(*action.Start)
	for got, want := range map[string]string{
		s.Name:                    "of ${X}",
		s.Streams[0].Load.URL:     "http://gateway.example:8080/val?a=own&b=x val y",
		s.Streams[0].Load.Shown(): "http://gateway.example:8080/${X}?a=own&b=x ${X} y",
		start.Name:                "w ${X}",
		start.Command.String():    "server ${X}",
		start.Ready.HTTP.URL:      "http://gateway.example/val",
		start.Ready.HTTP.Shown():  "http://gateway.example/${X}",
		v.Setup[1].String():       "http://me:***@h/?token=***",
		v.Timeline[0].Name:        "a ${X} own ${API_TOKEN} ${HOME}",
		v.Timeline[1].After:       v.Timeline[0].Name,
		v.Timeline[0].Action.(*action.Exec).String():                "echo ${X} own",
		v.Timeline[1].Name:                                          "echo own ${X} password=***",
		v.Timeline[2].Action.(*action.Signal).Process:               "w ${X}",
		v.Timeline[0].Action.(*action.Exec).Env[0]:                  "NODROP_VAR_X=val",
		strings.Join(v.Timeline[1].Action.(*action.Exec).Argv, " "): "echo own val password=literal",
	} {
		if got != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
}
