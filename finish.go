package main

import (
	"context"

	"nodrop/report"
	"nodrop/report/output"
)

// Finish renders the report and settles the exit code.
func (p *program) finish(ctx context.Context, out *output.Set, r *report.Report) error {
	p.code = exitCode(r)
	if err := out.Write(r); err != nil {
		p.complain(err)
		p.code = exitMisuse
	}
	if ctx.Err() != nil {
		p.code = exitInterrupted
	}
	return nil
}

func exitCode(r *report.Report) int {
	switch r.Verdict.Outcome {
	case report.Fail:
		return exitFail
	case report.Inconclusive:
		return exitInconclusive
	default:
		return exitOK
	}
}
