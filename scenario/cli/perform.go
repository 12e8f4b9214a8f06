package cli

import (
	"context"
	"errors"
	"runtime"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/action"
)

// perform runs s and reports the result. If the run fails, the error is printed and
// recorded. If it fails before any load has begun, there is a report only if blank
// allows one without runs; otherwise the error is returned.
func (p *Program) perform(ctx context.Context, s *scenario.Scenario, formats []string, blank bool) error {
	out, err := p.Open(formats)
	if err != nil {
		return err
	}
	defer out.Discard()
	recording, err := p.record(ctx, s, out.Sinks())
	misused, none := portHeld(err), len(recording.Runs) == 0
	switch {
	case err == nil:
	case none && (misused || !blank || ctx.Err() != nil):
		return err
	case none || !isInterruption(err):
		p.Complain(err)
		recording.Error = cli.Printable(err)
	}
	code := out.Report(recording)
	switch {
	case ctx.Err() != nil:
		code = cli.ExitInterrupted
	case misused:
		code = cli.ExitMisuse
	}
	return cli.Exit(code)
}

// record runs s. Its loads write to sinks.
func (p *Program) record(ctx context.Context, s *scenario.Scenario, sinks []record.Sink) (*record.Recording, error) {
	for i := range s.Streams {
		s.Streams[i].Load.Sinks = sinks
	}
	s.Log, s.Hinted = p.logs.keep, p.Complain
	runtime.GOMAXPROCS(threads(s.Streams))
	s.Interrupts = p.Interrupts
	p.Interrupts.Begin()
	return s.Run(ctx, p.watch)
}

// threads is how many threads Go should run for loads side by side. A busy loop
// occupies its own threads, so they add up: with fewer, loops would wait for each
// other.
func threads(streams []scenario.Stream) int {
	n := 0
	for i := range streams {
		n += streams[i].Load.Threads()
	}
	return n
}

// isInterruption reports whether err says only that the run was interrupted. The
// report says that already.
func isInterruption(err error) bool {
	return errors.Is(err, context.Canceled) && !errors.Is(err, scenario.ErrRestore)
}

// portHeld reports whether the set-up failed because something else holds the port
// of one of its processes.
func portHeld(err error) bool {
	setUp, ok := errors.AsType[*scenario.SetUpError](err)
	if !ok {
		return false
	}
	_, held := errors.AsType[*action.InUseError](setUp)
	return held
}
