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

// perform runs s and reports the result. If the run fails, the error is printed
// and recorded. If it fails before any load has begun, perform writes a report
// only if blank allows one without runs; otherwise it returns the error.
func (p *Program) perform(ctx context.Context, s *scenario.Scenario, formats []string, blank bool) error {
	return p.reported(ctx, formats, blank, func(sinks []record.Sink) (*record.Recording, error) {
		defer p.takeMarks(s)()
		watch, stop := p.watch()
		defer stop()
		return p.record(ctx, s, sinks, watch)
	})
}

// reported reports what run records, as perform says. The loads of run write to
// sinks.
func (p *Program) reported(ctx context.Context, formats []string, blank bool, run func(sinks []record.Sink) (*record.Recording, error)) error {
	out, err := p.Open(formats)
	if err != nil {
		return err
	}
	return p.into(ctx, out, blank, func() (*record.Recording, error) { return run(out.Sinks()) })
}

// into reports what do records. For errors, see perform.
func (p *Program) into(ctx context.Context, out Output, blank bool, do func() (*record.Recording, error)) error {
	defer out.Discard()
	_, onTerminal := terminal(p.Out)
	p.rows = onTerminal && out.StreamsToStdout()
	recording, err := do()
	misused, none := portHeld(err), len(recording.Runs) == 0
	switch {
	case err == nil:
	case none && (misused || !blank || ctx.Err() != nil):
		return err
	case none || !isInterruption(err):
		p.Complain(err)
		recording.Error = cli.Printable(err)
	}
	unwritten := out.Report(recording)
	if unwritten != nil {
		p.Complain(unwritten)
	}
	switch {
	case ctx.Err() != nil:
		return cli.Exit(cli.ExitInterrupted)
	case misused || unwritten != nil:
		return cli.Exit(cli.ExitMisuse)
	}
	return cli.Exit(cli.ExitCode(p.Judge(recording).Verdict))
}

// record runs s. Its loads write to sinks.
func (p *Program) record(ctx context.Context, s *scenario.Scenario, sinks []record.Sink, watch scenario.Watch) (*record.Recording, error) {
	for i := range s.Streams {
		s.Streams[i].Load.Sinks = sinks
	}
	s.Log, s.Hinted = p.logs.keep, p.Complain
	if p.verbose {
		all := &outputs{program: p}
		s.Output = all.add
		defer all.wait(ctx)
	}
	runtime.GOMAXPROCS(threads(s.Streams))
	s.Interrupts = p.Interrupts
	p.Interrupts.Begin()
	s.Environ = append(s.Environ, p.environ...)
	return s.Run(ctx, watch)
}

// threads returns how many threads Go should use for loads side by side. A busy
// loop occupies its own threads, so they add up: with fewer, loops would wait
// for each other.
func threads(streams []scenario.Stream) int {
	n := 0
	for i := range streams {
		n += streams[i].Load.Threads()
	}
	return n
}

// isInterruption reports whether err says only that the run was interrupted,
// which the report already says.
func isInterruption(err error) bool {
	return errors.Is(err, context.Canceled) && !errors.Is(err, scenario.ErrRestore)
}

// portHeld reports whether setup failed because another program holds the port
// of a process.
func portHeld(err error) bool {
	setUp, ok := errors.AsType[*scenario.SetUpError](err)
	if !ok {
		return false
	}
	_, held := errors.AsType[*action.InUseError](setUp)
	return held
}
