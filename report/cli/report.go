package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/report"
	"nodrop/report/format"
	"nodrop/report/output"
)

// reportOptions are the arguments of nodrop report.
type reportOptions struct {
	*Program
	files           []string
	flags           int // number of flags given
	checks, outputs *[]string
	schema          bool
	one             string // --run
	onlyOne         bool   // --run was given
	gateway         func() ([]string, error)
}

// Report is the command nodrop report FILE.
func (p *Program) Report() *cobra.Command {
	o := &reportOptions{Program: p}
	cmd := &cobra.Command{
		Use:   "report FILE",
		Short: "Print the report of a saved recording",
		Long: `Print the report of a recording that -o json=FILE or -o ndjson=FILE saved: in
other formats, of one run of several, or judged by other checks.`,
		Example: "nodrop report run.json\nnodrop report run.json --fail-if 'lost > 0' -o markdown=run.md",
		Args:    cobra.ArbitraryArgs,
	}
	fs := cmd.Flags()
	o.checks = cli.FailIfFlag(fs)
	o.gateway = cli.GatewayFlag(fs)
	o.outputs = o.outputFlag(fs, output.OfRecording)
	fs.BoolVar(&o.schema, "schema", false, "print the JSON Schema of -o report-json")
	fs.StringVar(&o.one, "run", "", "report only this run, by name ('graceful #2') or number (3), as if it were the only one")
	cli.GroupOutput.Hold(fs, "schema")
	cli.GroupRecordings.Hold(fs, "run NAME|N")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		o.files, o.flags, o.onlyOne = args, fs.NFlag(), fs.Changed("run")
		if o.schema {
			return o.printSchema()
		}
		return o.run()
	}
	return cmd
}

// printSchema prints the JSON Schema of -o report-json.
func (o *reportOptions) printSchema() error {
	if len(o.files) > 0 || o.flags > 1 {
		return errors.New("report: --schema allows no file and no other flag")
	}
	_, err := io.WriteString(o.Out, format.Schema)
	return err
}

// run reports on a saved recording.
func (o *reportOptions) run() error {
	if len(o.files) != 1 {
		return fmt.Errorf("report: want one file, got %d", len(o.files))
	}
	if err := Validate(*o.checks); err != nil {
		return err
	}
	if err := output.OfRecording.Check(*o.outputs); err != nil {
		return err
	}
	products, err := o.gateway()
	if err != nil {
		return err
	}
	recording, err := output.Read(o.files[0])
	if err == nil && len(recording.Runs) == 0 && recording.Error == "" {
		err = fmt.Errorf("%s: no runs", o.files[0])
	}
	if err == nil && o.onlyOne {
		recording, err = report.Only(recording, o.one)
	}
	if err == nil && recording.Search != nil && len(*o.checks) > 0 {
		err = &misuse.Error{Problem: fmt.Sprintf("--fail-if: %s is of a search, which has judged its trials already", o.files[0]), Hint: "add --run NAME to judge one run, or search again with --fail-if"}
	}
	if err != nil {
		return err
	}
	addChecks(recording, *o.checks)
	for _, run := range recording.Runs {
		run.Products = product.Add(run.Products, products...)
	}
	out, err := o.Open(*o.outputs)
	if err != nil {
		return err
	}
	defer out.Discard()
	return cli.Exit(out.finish(report.Build(recording)))
}

// addChecks adds checks to those of the recording's last variant, to which the
// lab applies --fail-if.
func addChecks(recording *record.Recording, checks []string) {
	last := "" // last in order of first appearance, since repetitions alternate
	seen := map[string]bool{}
	for _, run := range recording.Runs {
		if !seen[run.Variant] {
			seen[run.Variant], last = true, run.Variant
		}
	}
	for _, run := range recording.Runs {
		if run.Variant == last {
			run.FailIf = append(run.FailIf, checks...)
		}
	}
}
