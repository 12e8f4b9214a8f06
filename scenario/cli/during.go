package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/action"
	"nodrop/scenario/kube"
)

// duringFlags describes the event beside a plain load.
type duringFlags struct {
	set     *pflag.FlagSet
	kube    *kube.FlagValues
	yes     *bool
	command string
	at      string
	settle  time.Duration
}

func newDuringFlags(fs *pflag.FlagSet) *duringFlags {
	f := &duringFlags{set: fs}
	fs.StringVar(&f.command, "during", "", "command for the shell to run beside the load, and to tell losses in relation to: 'kubectl scale …'; a loss is then a failure, unless --fail-if says what is")
	fs.StringVar(&f.at, "at", "20%", "when to run it: a share of the load (20%), a time (5s) or a request (#10000)")
	fs.DurationVar(&f.settle, "settle", 0, "keep the load up until the command has ended and this long has passed: -n is then a minimum")
	f.kube = kube.Flags(fs)
	f.yes = yesFlag(fs)
	return f
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
				return &misuse.Error{Problem: "--" + name + ": a plain load has no event", Hint: "--during 'COMMAND', --scale deployment/NAME=1, or nodrop lab"}
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
		return nil, errors.New("--during, --scale and --restart: one of them")
	case strings.TrimSpace(f.command) == "":
		return nil, errors.New("--during: no command given")
	}
	name := safetext.MaskText(f.command)
	return &scenario.Step{Name: name, Action: &action.Exec{Command: action.Command{Shell: f.command, Title: name}}}, nil
}

func yesFlag(fs *pflag.FlagSet) *bool {
	return fs.Bool("yes", false, "change what is to be changed in a cluster without asking")
}
