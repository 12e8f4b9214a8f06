package cli

import (
	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/output"
)

// OutputFlag defines -o and --full on fs, for a load.
func (p *Program) OutputFlag(fs *pflag.FlagSet) *[]string { return p.outputFlag(fs, output.OfLoad) }

// ProofOutputFlag is OutputFlag for a proof, which has a patch, too.
func (p *Program) ProofOutputFlag(fs *pflag.FlagSet) *[]string {
	return p.outputFlag(fs, output.OfProof)
}

func (p *Program) outputFlag(fs *pflag.FlagSet, of output.Source) *[]string {
	formats := of.Flag(fs)
	cli.GroupOutput.Hold(fs, "o FORMAT[=FILE]")
	cli.Offer(fs, "o", of.Formats()...)
	if of != output.OfComparison { // its text leaves nothing out
		fs.BoolVar(&p.full, "full", false, "leave nothing out of the text report: every endpoint, window and mark")
		cli.GroupOutput.Hold(fs, "full")
	}
	return formats
}

// Output writes one report to all its destinations.
type Output struct {
	*output.Set
	streams *cli.Streams
}

// Open opens the outputs that -o names.
func (p *Program) Open(formats []string) (*Output, error) { return p.open(output.OfLoad, formats) }

// OpenProof is Open for a proof.
func (p *Program) OpenProof(formats []string) (*Output, error) {
	return p.open(output.OfProof, formats)
}

func (p *Program) open(of output.Source, formats []string) (*Output, error) {
	set, err := output.Open(of, formats, p.full, p.Out, p.Temporaries)
	if err != nil {
		return nil, err
	}
	return &Output{set, &p.Streams}, nil
}

// Report writes the report of a recording.
func (o *Output) Report(recording *record.Recording) error { return o.Write(report.Build(recording)) }

// finish writes a report and returns the exit code for its verdict. An output
// that cannot be written counts as misuse.
func (o *Output) finish(r *report.Report) (code int) {
	if err := o.Write(r); err != nil {
		o.streams.Complain(err)
		return cli.ExitMisuse
	}
	return cli.ExitCode(r.Verdict.Outcome)
}
