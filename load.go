package main

import (
	"context"
	"fmt"
	"strings"

	"nodrop/loadgen"
	"nodrop/loadgen/safetext"
	reportcli "nodrop/report/cli"
	"nodrop/scenario"
)

// load is the plain command: hey's.
func (p *program) load(ctx context.Context, flags *loadgen.FlagValues, during *duringFlags, checks, formats, args []string) error {
	if len(args) == 0 {
		return &loadgen.HintError{Problem: "no URL given", Hint: "nodrop -n 200 -c 50 http://HOST/, or nodrop --help"}
	}
	if len(args) > 1 {
		var shown []string
		for _, arg := range args {
			shown = append(shown, safetext.MaskURL(arg))
		}
		return fmt.Errorf("want one URL, got %d: %s", len(args), strings.Join(shown, " "))
	}
	if err := reportcli.Validate(checks); err != nil {
		return err
	}
	cfg, err := flags.Config(args[0])
	if err != nil {
		return err
	}
	s := &scenario.Scenario{
		Streams:  []scenario.Stream{{Load: cfg}},
		Variants: []scenario.Variant{{FailIf: checks}},
	}
	if err := during.addTo(s); err != nil {
		return err
	}
	if err := p.confirm(s, *during.yes); err != nil {
		return err
	}
	out, err := p.reports.Open(formats)
	if err != nil {
		return err
	}
	defer out.Discard()
	recording, err := p.runScenario(ctx, s, out)
	if err != nil && len(recording.Runs) == 0 {
		return err // no load has begun
	}
	return p.finish(ctx, out, recording)
}
