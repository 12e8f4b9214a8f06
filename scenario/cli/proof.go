package cli

import (
	"context"
	"fmt"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/prove"
)

const (
	defaultRounds = 3
	maxRounds     = 10
)

const roundsUsage = "change at most this many things, one after the other, until nothing is lost"

func checkRounds(rounds int) error {
	if rounds < 1 || rounds > maxRounds {
		return fmt.Errorf("--rounds %d: must be 1 to %d", rounds, maxRounds)
	}
	return nil
}

// proveInto makes the proof and reports it. file is where its patch is written; ""
// if nowhere.
func (p *Program) proveInto(ctx context.Context, proof *prove.Proof, out Output, file string) error {
	all := proof.Scenario
	all.Variants = []scenario.Variant{proof.Event}
	defer p.takeMarks(&all)() // one place for the marks of all runs
	proof.Scenario.Interrupts = p.Interrupts
	proof.Judge = p.Judge
	proof.Run = func(ctx context.Context, s *scenario.Scenario) (*record.Recording, error) {
		watch, stop := p.watch()
		defer stop()
		return p.record(ctx, s, out.Sinks(), watch)
	}
	return p.into(ctx, out, false, func() (*record.Recording, error) {
		recording, err := proof.Prove(ctx)
		recording.Proof.File = file
		if proof.Keep && recording.Proof.Interrupted && !recording.Proof.Kept {
			fmt.Fprintln(p.Err, "nodrop: interrupted: the change is not kept")
		}
		return recording, err
	})
}

// announce shows a change.
func (p *Program) announce(fix *prove.Fix) {
	var text strings.Builder
	fmt.Fprintf(&text, "nodrop: this would help: %s\n", safetext.CleanLine(fix.Words))
	for line := range strings.Lines(fix.Diff) {
		text.WriteString("  " + safetext.CleanLine(strings.TrimRight(line, "\n")) + "\n")
	}
	fmt.Fprint(p.Err, text.String())
}

// patchFile returns where -o asks for the patch; "" if nowhere.
func patchFile(formats []string) string {
	for _, spec := range formats {
		if file, found := strings.CutPrefix(spec, "patch="); found {
			return file
		}
	}
	return ""
}
