package cli

import (
	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/output"
)

// Program is what the commands need of the program that they are part of.
type Program struct {
	cli.Streams
	Temporaries *output.Temporaries
}

// Output is where one report goes.
type Output struct {
	*output.Set
	streams *cli.Streams
}

// Open opens what -o says.
func (p *Program) Open(formats []string) (*Output, error) {
	set, err := output.Open(formats, p.Out, p.Temporaries)
	if err != nil {
		return nil, err
	}
	return &Output{set, &p.Streams}, nil
}

// Report makes the report of a recording, writes it, and returns the exit code
// that it calls for.
func (o *Output) Report(recording *record.Recording) (code int) {
	return o.finish(report.Build(recording))
}

// finish writes a report. What cannot be written is misuse.
func (o *Output) finish(r *report.Report) (code int) {
	if err := o.Write(r); err != nil {
		o.streams.Complain(err)
		return cli.ExitMisuse
	}
	return exitCode(r)
}

func exitCode(r *report.Report) int {
	switch r.Verdict.Outcome {
	case report.Fail:
		return cli.ExitFail
	case report.Inconclusive:
		return cli.ExitInconclusive
	default:
		return cli.ExitOK
	}
}
