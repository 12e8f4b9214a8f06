package main

import (
	"context"
	"errors"
	"runtime"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	reportcli "nodrop/report/cli"
	"nodrop/scenario"
)

// runScenario runs s into the outputs. What went wrong when a load had begun is
// part of the recording, and told.
func (p *program) runScenario(ctx context.Context, s *scenario.Scenario, out *reportcli.Output) (*record.Recording, error) {
	for i := range s.Streams {
		s.Streams[i].Load.Sinks = out.Sinks()
	}
	s.Log, s.Hinted = p.logs.keep, p.Complain
	runtime.GOMAXPROCS(threads(s.Streams))
	s.Interrupts = p.interrupts
	p.interrupts.Begin()
	recording, err := s.Run(ctx, p.watch)
	told := !errors.Is(err, context.Canceled) || errors.Is(err, scenario.ErrRestore)
	if err != nil && len(recording.Runs) > 0 && told {
		p.Complain(err)
		recording.Error = cli.Printable(err)
	}
	return recording, err
}

// threads is how many Go should run for loads side by side. A loop under load
// keeps its own, so they add up: with fewer, loops would wait for each other.
func threads(streams []scenario.Stream) int {
	n := 0
	for i := range streams {
		n += streams[i].Load.Threads()
	}
	return n
}

// finish reports a recording, and settles how the program exits then.
func (p *program) finish(ctx context.Context, out *reportcli.Output, recording *record.Recording) error {
	code := out.Report(recording)
	if ctx.Err() != nil {
		code = cli.ExitInterrupted
	}
	return cli.Exit(code)
}
