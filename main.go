// Command nodrop sends HTTP load as hey does, removes replicas of a gateway
// meanwhile, and reports what was lost, when and why.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/safetext"
	"nodrop/report"
	reportcli "nodrop/report/cli"
	"nodrop/report/format"
	"nodrop/report/format/page"
	"nodrop/report/output"
	"nodrop/scenario"
	scenariocli "nodrop/scenario/cli"
	"nodrop/scenario/lab"
	"nodrop/scenario/lab/dataplane"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the whole program except for the process.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if code, handled := lab.Main(args, stdin, stdout, stderr); handled {
		return code
	}
	screen := scenariocli.NewScreen(stderr)
	p := newProgram(args, cli.Streams{In: stdin, Out: stdout, Err: safetext.CleanWriter{To: screen}, RawErr: stderr})
	p.scenarios.Screen = screen
	defer p.listen()()
	ctx := p.scenarios.Interrupts.Context()
	code := p.exitCode(ctx, cli.Execute(ctx, p.command(), p.scenarios.Args))
	if code != cli.ExitOK && code != cli.ExitInterrupted {
		p.scenarios.ShowLogs()
	}
	return code
}

// program is one invocation.
type program struct {
	cli.Streams
	temporaries output.Temporaries
	reports     *reportcli.Program
	scenarios   *scenariocli.Program
}

// newProgram gives each group of commands its dependencies. Reports and
// scenarios meet only here.
func newProgram(args []string, streams cli.Streams) *program {
	p := &program{Streams: streams}
	p.reports = &reportcli.Program{Streams: streams, Temporaries: &p.temporaries}
	p.scenarios = &scenariocli.Program{
		Streams: streams,
		Reports: scenariocli.Reports{
			OutputFlag: p.reports.OutputFlag,
			Validate:   reportcli.Validate,
			Formats:    output.OfLoad.Check,
			Open:       func(formats []string) (scenariocli.Output, error) { return p.reports.Open(formats) },
			Proof: scenariocli.ProofReports{
				OutputFlag: p.reports.ProofOutputFlag,
				Formats:    output.OfProof.Check,
				Open:       func(formats []string) (scenariocli.Output, error) { return p.reports.OpenProof(formats) },
			},
			Judge:  report.Judge,
			Beside: format.Beside,
			Fit:    page.Fit,
		},
		Args: args,
	}
	if given, ok := dataplane.NamespaceArgs(args); ok {
		p.scenarios.InNamespace, p.scenarios.Args = true, given
	}
	return p
}

// command returns the root of all commands.
func (p *program) command() *cobra.Command {
	root := p.scenarios.Load()
	root.AddCommand(
		p.scenarios.Lab(),
		p.scenarios.Prove(),
		p.scenarios.Scenario(),
		p.reports.Report(),
		p.reports.Compare(),
		p.scenarios.Mark(),
		cli.Help(&p.Streams, &cli.Manual{
			Topics: topics,
			Print:  reportcli.PrintPage,
		}),
		cli.Version(&p.Streams),
		cli.Completion(&p.Streams),
	)
	cli.Prepare(root, &p.Streams)
	return root
}

// topics lists the pages of nodrop help. Each is with the commands that it is about.
func topics() []cli.Topic {
	return slices.Concat(cli.Topics(), scenariocli.Topics(), reportcli.Topics())
}

// listen handles signals until the function it returns is called.
func (p *program) listen() (stop func()) {
	s := p.scenarios
	s.ByHand = &scenario.ByHand{
		Ignored: func() { fmt.Fprintln(p.Err, "nodrop: SIGUSR1 ignored: no load is running") },
	}
	s.Unlisten = sync.OnceFunc(s.ByHand.Listen())
	s.Interrupts = scenario.NewInterrupts(s.Say, p.exit)
	ignore := s.Interrupts.Listen()
	return func() {
		ignore()
		s.Unlisten()
	}
}

// exit ends the program at once and names what it does not restore. The guardian
// ends the processes that were started.
func (p *program) exit(begun bool, left []string) {
	p.scenarios.Screen.End()
	p.temporaries.RemoveAll()
	p.scenarios.Marks.Remove()
	p.scenarios.Say(scenariocli.LastWords(begun, left))
	os.Exit(cli.ExitInterrupted)
}

// exitCode returns the exit code for what a command returned, and prints the error
// unless the command has done so.
func (p *program) exitCode(ctx context.Context, err error) int {
	exit, ended := errors.AsType[cli.Exit](err)
	switch {
	case err == nil:
		return cli.ExitOK
	case ended:
		return int(exit)
	case ctx.Err() == nil:
		p.Complain(err)
		return cli.ExitMisuse
	case errors.Is(err, scenario.ErrRestore):
		p.Complain(err)
	default:
		p.Complain(scenariocli.ErrInterrupted)
	}
	return cli.ExitInterrupted
}
