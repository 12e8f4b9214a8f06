package quick

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
)

func parse(t *testing.T, line string) (step string, err error) {
	t.Helper()
	fs := pflag.NewFlagSet("nodrop", pflag.ContinueOnError)
	v := Flags(fs)
	if err := fs.Parse(strings.Split(line, " ")); err != nil {
		t.Fatal(err)
	}
	s, err := v.Step()
	if s != nil {
		step = s.Name
	}
	return step, err
}

// TestStep: each event has a step, named after what it does.
func TestStep(t *testing.T) {
	for line, want := range map[string]string{
		"--keep=false --scale deployment/gw=1": "scale deployment/gw to 1",
		"--restart deploy/gw -N x":             "restart deploy/gw",
		"--delete-pod app=gw":                  "delete pods of app=gw",
		"--evict app=gw,tier!=x --count 2":     "evict pods of app=gw,tier!=x",
		"--drain-node n2":                      "drain node n2",
	} {
		if got, err := parse(t, line); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", line, got, err, want)
		}
	}
}

// TestRefused: what has no effect or no meaning is refused in words.
func TestRefused(t *testing.T) {
	for line, want := range map[string]string{
		"--scale deployment/gw":          `--scale "deployment/gw": want KIND/NAME=REPLICAS`,
		"--scale gw=1":                   `--scale "gw": want KIND/NAME, such as deployment/gateway`,
		"--restart gw":                   `--restart "gw": want KIND/NAME, such as deployment/gateway`,
		"--scale d/gw=1 --restart d/gw":  "--scale and --restart: give only one of them",
		"--drain-node n2 --evict app=gw": "--evict and --drain-node: give only one of them",
		"--restart d/gw --keep":          "--keep: not with --restart: only --scale restores something that can be kept",
		"--drain-node n2 --keep":         "--keep: not with --drain-node: only --scale restores something that can be kept",
		"--drain-node n2 --count 1":      "--count: not with --drain-node: only with --delete-pod and --evict",
		"--evict app=gw --count 0":       "--count 0: at least 1 pod is needed",
		"--evict=":                       "--evict: no pods are selected",
		"--delete-pod app==gw=":          `--delete-pod "app==gw=": not a label selector: found '=', expected: ',' or 'end of string'`,
		"--drain-node node/n2":           `--drain-node "node/n2": want the name of a node`,
		"--count 1":                      "--count: no change in a cluster was requested",
		"-N x":                           "--namespace: no change in a cluster was requested",
		"--context x --kubeconfig y":     "--context: no change in a cluster was requested",
	} {
		_, err := parse(t, line)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v; want %s", line, err, want)
		}
		if known, ok := errors.AsType[*misuse.Error](err); ok && (known.Hint == "" || strings.Contains(known.Hint, "\n")) {
			t.Errorf("%s: hint %q", line, known.Hint)
		}
	}
}
