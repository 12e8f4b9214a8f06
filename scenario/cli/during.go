package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/action"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/quick"
)

// duringFlags describes the event beside a plain load.
type duringFlags struct {
	set     *pflag.FlagSet
	kube    *quick.Values
	yes     *bool
	command string
	at      string
	settle  time.Duration
}

func newDuringFlags(fs *pflag.FlagSet) *duringFlags {
	f := &duringFlags{set: fs}
	fs.StringVar(&f.command, "during", "", "shell command to run during the load; the report relates losses to it and has the last 20 lines of its output, and a loss fails the run unless --fail-if says otherwise")
	cli.GroupEvent.Hold(fs, "during COMMAND")
	f.define(fs)
	return f
}

// define defines the flags of an event in a cluster.
func (f *duringFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.at, "at", "20%", "when to run it: at a share of the load (20%), a time (5s) or a request (#10000)")
	fs.DurationVar(&f.settle, "settle", 0, "keep the load running until this long after the event is over, with its last mark; -n is then a minimum")
	f.kube = quick.Flags(fs)
	f.yes = yesFlag(fs)
	cli.GroupEvent.Hold(fs, "at WHEN", "settle DURATION")
	cli.GroupKubernetes.Hold(fs, "scale KIND/NAME=N", "restart KIND/NAME", "delete-pod SELECTOR", "evict SELECTOR", "drain-node NODE", "count N", "keep", "namespace NAME", "context NAME", "kubeconfig FILE")
}

// addTo adds the event to s, as the only step of its timeline.
func (f *duringFlags) addTo(s *scenario.Scenario) error {
	step, err := f.step()
	if err != nil {
		return err
	}
	if step == nil {
		for _, name := range []string{"at", "settle", "yes"} {
			if f.set.Changed(name) {
				return &misuse.Error{Problem: "--" + name + ": only with " + events(" or "), Hint: "add --during 'COMMAND' or --scale deployment/NAME=1, or use nodrop lab"}
			}
		}
		return nil
	}
	if f.settle < 0 {
		return fmt.Errorf("--settle %v: cannot be negative", f.settle)
	}
	if step.At, err = scenario.ParseAt(f.at); err != nil {
		return fmt.Errorf("--at: %w", err)
	}
	v := &s.Variants[0]
	v.Timeline = []scenario.Step{*step}
	kube.Prepare(s.Variants)
	if len(v.FailIf) == 0 {
		v.FailIf = []string{"lost > 0"}
	}
	s.Settle = f.settle
	return nil
}

// step returns the event, or nil if there is none.
func (f *duringFlags) step() (*scenario.Step, error) {
	step, err := f.kube.Step()
	switch {
	case err != nil || !f.set.Changed("during"):
		return step, err
	case step != nil:
		return nil, errors.New(events(" and ") + ": give only one of them")
	case strings.TrimSpace(f.command) == "":
		return nil, errors.New("--during: no command given")
	}
	name := safetext.MaskText(f.command)
	return &scenario.Step{Name: name, Action: &action.Exec{Command: action.Command{Shell: f.command, Title: name}}}, nil
}

// events lists the flags that request an event.
func events(last string) string {
	list := append([]string{"--during"}, quick.Events()...)
	return strings.Join(list[:len(list)-1], ", ") + last + list[len(list)-1]
}

func yesFlag(fs *pflag.FlagSet) *bool {
	yes := fs.Bool("yes", false, "make changes in a cluster without asking")
	cli.GroupKubernetes.Hold(fs, "yes")
	return yes
}
