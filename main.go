// Command nodrop sends HTTP load as hey does, takes a gateway's replicas away
// while it does, and tells what was lost, when and why.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
	"nodrop/loadgen/safetext"
	reportcli "nodrop/report/cli"
	"nodrop/report/output"
	"nodrop/scenario"
	"nodrop/scenario/lab"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the program: everything but the process around it.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if code, handled := lab.Main(args, stdin, stdout, stderr); handled {
		return code
	}
	p := &program{Streams: cli.Streams{In: stdin, Out: stdout, Err: safetext.CleanWriter{To: stderr}, RawErr: stderr}}
	p.reports = &reportcli.Program{Streams: p.Streams, Temporaries: &p.temporaries}
	if given, ok := lab.NamespaceArgs(args); ok {
		p.inNamespace, args = true, given
	}
	p.args = args
	p.byHand.Ignored = func() { fmt.Fprintln(p.Err, "nodrop: SIGUSR1 sets a mark in a load, and none is under way") }
	p.unlisten = sync.OnceFunc(p.byHand.Listen())
	defer p.unlisten()
	p.interrupts = scenario.NewInterrupts(p.say, p.exit)
	defer p.interrupts.Listen()()
	ctx := p.interrupts.Context()
	code := p.exitCode(ctx, cli.Execute(ctx, p.command(), args))
	if code != cli.ExitOK && code != cli.ExitInterrupted {
		p.logs.show(p.Err)
	}
	return code
}

// exitCode is that of a program whose command has ended so, once what it has not
// said itself is said.
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
		p.Complain(errInterrupted)
	}
	return cli.ExitInterrupted
}

// errInterrupted is all there is to say when no load has begun.
var errInterrupted = errors.New("interrupted before anything was started")

// exit ends the program at once, and names what it leaves as it is. What it has
// started ends with it: the guardian sees to that.
func (p *program) exit(begun bool, left []string) {
	p.temporaries.RemoveAll()
	switch {
	case len(left) > 0:
		p.say("interrupted: not restored: " + strings.Join(left, ", "))
	case begun:
		p.say("interrupted: exiting at once; nothing is left to restore")
	default:
		p.say(errInterrupted.Error())
	}
	os.Exit(cli.ExitInterrupted)
}

// program is one invocation.
type program struct {
	cli.Streams
	temporaries output.Temporaries
	reports     *reportcli.Program
	byHand      scenario.ByHand
	interrupts  *scenario.Interrupts
	unlisten    func()   // ends byHand
	args        []string // as they were given
	logs        logs
	inNamespace bool // the lab's network namespace is this process's
}

// command builds the command line.
func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:     "nodrop [flags] URL",
		Short:   "Send HTTP load as hey does, and tell exactly what was lost",
		Version: loadgen.Version,
		Args:    cobra.ArbitraryArgs,
	}
	load := loadgen.Flags(root.Flags())
	load.Stdin = p.In
	root.Flags().Lookup("D").Usage += "; - is standard input" // only here
	checks := cli.FailIfFlag(root.Flags())
	outputs := output.Flag(root.Flags())
	during := newDuringFlags(root.Flags())
	root.RunE = func(cmd *cobra.Command, args []string) error {
		return p.load(cmd.Context(), load, during, *checks, *outputs, args)
	}
	root.AddCommand(p.labCommand(), p.scenarioCommand(), p.reports.Compare(), p.reports.Report())
	cli.Prepare(root, &p.Streams)
	return root
}
