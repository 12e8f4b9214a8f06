// Command nodrop sends HTTP load as hey does, takes a gateway's replicas away
// while it does, and tells what was lost, when and why.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"nodrop/loadgen"
	"nodrop/loadgen/safetext"
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
	p := &program{stdin: stdin, stdout: stdout, stderr: safetext.CleanWriter{To: stderr}, rawStderr: stderr}
	if given, ok := lab.NamespaceArgs(args); ok {
		p.inNamespace, args = true, given
	}
	p.args = args
	p.byHand.Ignored = func() { fmt.Fprintln(p.stderr, "nodrop: SIGUSR1 sets a mark in a load, and none is under way") }
	p.unlisten = sync.OnceFunc(p.byHand.Listen())
	defer p.unlisten()
	p.interrupts = scenario.NewInterrupts(p.say, p.exit)
	defer p.interrupts.Listen()()
	ctx := p.interrupts.Context()
	root := p.command()
	root.SetArgs(normalize(root, args))
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	switch {
	case errors.Is(err, scenario.ErrRestore) && ctx.Err() != nil:
		p.complain(err)
		return exitInterrupted
	case err != nil && ctx.Err() != nil:
		p.complain(errInterrupted)
		return exitInterrupted
	case err != nil:
		p.complain(err)
		p.code = exitMisuse
	}
	if p.code != exitOK && p.code != exitInterrupted {
		p.logs.show(p.stderr)
	}
	return p.code
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
	os.Exit(exitInterrupted)
}

// program is one invocation.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer // what is unsafe on a terminal does not get to stderr
	rawStderr      io.Writer // stderr for what is ours alone
	code           int
	temporaries    output.Temporaries
	byHand         scenario.ByHand
	interrupts     *scenario.Interrupts
	unlisten       func()   // ends byHand
	args           []string // as they were given
	logs           logs
	inNamespace    bool // the lab's network namespace is this process's
}

// command builds the command line.
func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "nodrop [flags] URL",
		Short:         "Send HTTP load as hey does, and tell exactly what was lost",
		Version:       loadgen.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetUsageFunc(usage)
	root.SetFlagErrorFunc(flagError)
	load := loadgen.Flags(root.Flags())
	load.Stdin = p.stdin
	root.Flags().Lookup("D").Usage += "; - is standard input" // only here
	checks := failIfFlag(root.Flags())
	outputs := output.Flag(root.Flags())
	during := newDuringFlags(root.Flags())
	root.RunE = func(cmd *cobra.Command, args []string) error {
		return p.load(cmd.Context(), load, during, *checks, *outputs, args)
	}
	root.AddCommand(p.labCommand(), p.scenarioCommand(), p.compareCommand(), p.reportCommand())
	// cobra would add these after the arguments have been normalized.
	root.InitDefaultVersionFlag()
	initHelp(root)
	return root
}
