package cli

import (
	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/output"
)

// Output writes one report to all its destinations.
type Output struct {
	*output.Set
	streams *cli.Streams
}

// Open opens the outputs that -o names.
func (p *Program) Open(formats []string) (*Output, error) {
	set, err := output.Open(formats, p.Out, p.Temporaries)
	if err != nil {
		return nil, err
	}
	return &Output{set, &p.Streams}, nil
}

// Report builds and writes the report of a recording, and returns the exit code
// for its verdict.
func (o *Output) Report(recording *record.Recording) (code int) {
	return o.finish(report.Build(recording))
}

// finish writes a report. An output that cannot be written counts as misuse.
func (o *Output) finish(r *report.Report) (code int) {
	if err := o.Write(r); err != nil {
		o.streams.Complain(err)
		return cli.ExitMisuse
	}
	return exitCode(r)
}

func exitCode(r *report.Report) int {
	switch r.Verdict.Outcome {
	case check.Fail:
		return cli.ExitFail
	case check.Inconclusive:
		return cli.ExitInconclusive
	default:
		return cli.ExitOK
	}
}
