package scenario_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/scenario"
)

// TestProducts: each run names the products of its own variant, and those that
// its setup found.
func TestProducts(t *testing.T) {
	variant := func(name, found string, known ...string) scenario.Variant {
		return scenario.Variant{
			Name: name, Products: known,
			Setup: []scenario.Action{&fake{name: "setup", journal: &journal{}, run: func(_ context.Context, env *scenario.Env) error {
				env.Products = append(env.Products, found)
				return nil
			}}},
			Timeline: []scenario.Step{{Name: "one", At: scenario.At{Time: time.Millisecond}, Action: &fake{name: "one", journal: &journal{}}}},
		}
	}
	known := append(make([]string, 0, 4), "Kubernetes") // with room: what one variant finds must not be another's
	s := &scenario.Scenario{
		Streams: []scenario.Stream{{By: clients(&journal{}, nil)}}, Settle: time.Nanosecond,
		Variants: []scenario.Variant{variant("a", "nginx", known...), variant("b", "Envoy", known...), variant("c", "nodrop lab")},
	}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	var got [][]string
	for _, run := range recording.Runs {
		got = append(got, run.Products)
	}
	if diff := cmp.Diff([][]string{{"Kubernetes", "nginx"}, {"Kubernetes", "Envoy"}, {"nodrop lab"}}, got); diff != "" {
		t.Error(diff)
	}
}

// command is an action that runs a command.
type command struct {
	fake
	runs string
}

func (c *command) Runs() string { return c.runs }

// TestProductsOfCommands: the commands of all parts of a variant name products.
func TestProductsOfCommands(t *testing.T) {
	runs := func(text string) scenario.Action {
		return &command{fake{name: "a title", journal: &journal{}}, text}
	}
	s := &scenario.Scenario{
		Streams: []scenario.Stream{{By: clients(&journal{}, nil)}}, Settle: time.Nanosecond,
		Variants: []scenario.Variant{{
			Setup: []scenario.Action{runs("gunicorn -b 127.0.0.1:1 app:app"), runs("nginx -c gateway.conf")}, Gate: []scenario.Action{runs("true")},
			Timeline: []scenario.Step{{Name: "one", At: scenario.At{Time: time.Millisecond}, Action: runs("kubectl rollout restart deployment/web")}},
			Restore:  []scenario.Action{runs("systemctl restart nginx")},
		}},
	}
	recording, err := runScenario(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"gunicorn", "nginx", "Kubernetes", "systemd"}, recording.Runs[0].Products); diff != "" {
		t.Error(diff)
	}
}
