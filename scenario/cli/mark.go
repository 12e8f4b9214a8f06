package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/handmark"
)

const markHelp = `Tell the nodrop that sends the load what happens to an endpoint just now. nodrop
relates losses to it. Use it where nodrop cannot see for itself, in a
script that takes an endpoint out of HAProxy, an ALB, Consul or systemd:

  terminating      it is asked to go; its pre-stop delay begins
  signalled        its process is sent the stop signal
  listener closed  it accepts no new connections
  removed          the balancer sends it no new connections
  killed           its process is killed
  exited           its process has exited
  ready            it serves, and the balancer may use it

ENDPOINT is the address that connections go to, HOST:PORT or HOST, the name that
--endpoint-header shows, or any other name. The time is that of the call. It
waits until nodrop has the mark; without a load under way, it exits 2.`

// markOptions are the arguments of nodrop mark.
type markOptions struct {
	*Program
	args  []string // the words of the kind, and the endpoint
	pid   int
	given bool // --pid
}

// Mark is the command nodrop mark KIND ENDPOINT.
func (p *Program) Mark() *cobra.Command {
	o := &markOptions{Program: p}
	cmd := &cobra.Command{
		Use:     "mark KIND ENDPOINT",
		Short:   "Tell a running nodrop what happens to an endpoint",
		Long:    markHelp,
		Example: "nodrop mark terminating 10.0.0.7:8080\nnodrop mark --pid 4711 listener closed 10.0.0.7:8080",
		Args:    cobra.ArbitraryArgs,
	}
	cmd.Flags().IntVar(&o.pid, "pid", 0, "process id of the nodrop that sends the load; without it, the one that started this command (by "+handmark.Variable+")")
	cli.GroupMark.Hold(cmd.Flags(), "pid PID")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.args, o.given = args, cmd.Flags().Changed("pid")
		return o.run(cmd.Context())
	}
	return cmd
}

func (o *markOptions) run(ctx context.Context) error {
	kind, endpoint, err := o.mark()
	if err != nil {
		return err
	}
	path, err := o.socket()
	if err != nil {
		return err
	}
	switch err := handmark.Send(ctx, path, kind, endpoint); {
	case errors.Is(err, handmark.ErrNobody) && o.given:
		return o.nobody()
	case errors.Is(err, handmark.ErrNobody):
		return &misuse.Error{Problem: "mark: the run that started this command is over: " + err.Error(), Hint: "keep the load running until the command has ended, with --settle 1s"}
	case errors.Is(err, fs.ErrPermission):
		return &misuse.Error{Problem: fmt.Sprintf("mark: %v", err), Hint: "run it as the user that runs nodrop: marks of other users are not taken"}
	case err != nil:
		return fmt.Errorf("mark: %w", err)
	}
	return nil
}

// mark reads the arguments. A kind of two words needs no quotes.
func (o *markOptions) mark() (kind record.MarkKind, endpoint string, err error) {
	if len(o.args) < 2 {
		return "", "", &misuse.Error{Problem: fmt.Sprintf("mark: want KIND and ENDPOINT, got %d of them", len(o.args)), Hint: "nodrop mark removed 10.0.0.5:8080"}
	}
	last := len(o.args) - 1
	given := strings.Join(o.args[:last], " ")
	kind, ok := handmark.ParseKind(given)
	if !ok {
		return "", "", unknownKind(given)
	}
	if endpoint, err = handmark.EndpointName(o.args[last]); err != nil {
		return "", "", fmt.Errorf("mark: %w", err)
	}
	return kind, endpoint, nil
}

func unknownKind(given string) error {
	names := handmark.KindNames()
	wrong := &misuse.Error{Problem: fmt.Sprintf("mark: %q is not a kind of mark: want one of %s", given, strings.Join(names, ", "))}
	if best := misuse.Nearest(given, names); best != "" {
		wrong.Hint = fmt.Sprintf("did you mean %q?", best)
	}
	return wrong
}

// socket returns the path of the run's socket.
func (o *markOptions) socket() (string, error) {
	if !o.given {
		if path := os.Getenv(handmark.Variable); path != "" {
			return path, nil
		}
		return "", &misuse.Error{
			Problem: "mark: " + handmark.Variable + " is not set, and there is no --pid",
			Hint:    "run it in the command of --during or in a step of a scenario, or add --pid PID of the nodrop that sends the load",
		}
	}
	if o.pid < 1 {
		return "", fmt.Errorf("mark: --pid %d: must be at least 1", o.pid)
	}
	path, ok := handmark.Find(o.pid)
	if !ok {
		return "", o.nobody()
	}
	return path, nil
}

// nobody is the error if the process of --pid takes no marks.
func (o *markOptions) nobody() error {
	return &misuse.Error{
		Problem: fmt.Sprintf("mark: --pid %d: no nodrop of yours with this process id sends a load", o.pid),
		Hint:    "a mark counts only while the load runs; both must have the same TMPDIR and XDG_RUNTIME_DIR",
	}
}

// acts reports whether a variant does anything beside its load.
func acts(v scenario.Variant) bool {
	return len(v.Setup)+len(v.Gate)+len(v.Timeline)+len(v.Restore) > 0
}

// takeMarks lets nodrop mark set marks in the loads of scenarios like s, until the
// function that it returns is called. A run without such marks is better than
// none.
func (p *Program) takeMarks(s *scenario.Scenario) (stop func()) {
	p.ByHand.Alone = !slices.ContainsFunc(s.Variants, func(v scenario.Variant) bool { return len(v.Timeline) > 0 })
	pid := os.Getpid()
	if p.InNamespace {
		pid = os.Getppid() // the process that the user sees
	}
	path, err := p.Marks.Open(pid, p.ByHand.Add)
	if err != nil && slices.ContainsFunc(s.Variants, acts) { // otherwise nothing is started that could call it
		fmt.Fprintf(p.Err, "nodrop: warning: nodrop mark cannot reach this run: %v\n", err)
	}
	p.environ = []string{handmark.Variable + "=" + path} // never that of another run
	return p.Marks.Close
}
