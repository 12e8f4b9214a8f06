package main

import (
	"context"

	"nodrop/loadgen/cli"
	"nodrop/report"
	"nodrop/report/output"
)

// finish writes a report, and settles how the program exits then.
func (p *program) finish(ctx context.Context, out *output.Set, r *report.Report) error {
	code := exitCode(r)
	if err := out.Write(r); err != nil {
		p.Complain(err)
		code = cli.ExitMisuse
	}
	if ctx.Err() != nil {
		code = cli.ExitInterrupted
	}
	return cli.Exit(code)
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
