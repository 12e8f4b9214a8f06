// Command nodrop sends HTTP load as hey does, takes a gateway's replicas away
// while it does, and tells what was lost, when and why.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/loadgen/stream"
	"nodrop/report"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/format"
	"nodrop/report/format/page"
	"nodrop/scenario"
	"nodrop/scenario/action"
	"nodrop/scenario/file"
	"nodrop/scenario/kube"
	"nodrop/scenario/lab"
)

// Exit codes, as the README lists them.
const (
	exitOK           = 0
	exitFail         = 1
	exitMisuse       = 2
	exitInconclusive = 3
	exitInterrupted  = 130
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

// logs are the last lines of what processes and commands said. They are shown when
// what they are part of failed.
type logs struct {
	mu    sync.Mutex // guards all below
	names []string   // in order of appearance
	lines map[string][]string
}

// keep keeps what was said last by that name: of repetitions, the last one's.
func (l *logs) keep(of string, lines []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lines == nil {
		l.lines = map[string][]string{}
	}
	if l.lines[of] == nil {
		l.names = append(l.names, of)
	}
	l.lines[of] = lines
}

// longestLine bounds a line of a log, in columns.
const longestLine = 1000

func (l *logs) show(w io.Writer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, name := range l.names {
		fmt.Fprintf(w, "nodrop: last lines of %s:\n", page.Fit(name, longestLine))
		for _, line := range l.lines[name] {
			fmt.Fprintf(w, "  %s\n", page.Fit(line, longestLine))
		}
	}
}

// sayBound is how long a line may take: whoever reads stderr may not, and signals
// are to be heeded all the same.
const sayBound = time.Second

// say tells whoever waits what is going on, beside the progress line.
func (p *program) say(line string) {
	said := make(chan struct{})
	go func() {
		defer close(said)
		if f, ok := p.rawStderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
			fmt.Fprint(p.rawStderr, "\r\033[K")
		}
		fmt.Fprintf(p.stderr, "nodrop: %s\n", safetext.MaskText(line))
	}()
	select {
	case <-said:
	case <-time.After(sayBound):
	}
}

// exit ends the program at once, and names what it leaves as it is. What it has
// started ends with it: the guardian sees to that.
func (p *program) exit(begun bool, left []string) {
	p.temporaries.removeAll()
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
	temporaries    temporaries
	byHand         scenario.ByHand
	interrupts     *scenario.Interrupts
	unlisten       func()   // ends byHand
	args           []string // as they were given
	logs           logs
	inNamespace    bool // the lab's network namespace is this process's
}

// normalize writes hey's flags as pflag wants them, for the command that args
// name.
func normalize(root *cobra.Command, args []string) []string {
	for i, arg := range args {
		for _, c := range root.Commands() {
			if arg == c.Name() {
				return slices.Concat(loadgen.NormalizeArgs(args[:i], c.Flags()), []string{arg}, normalize(c, args[i+1:]))
			}
		}
		if !strings.HasPrefix(arg, "-") {
			break
		}
	}
	return loadgen.NormalizeArgs(args, root.Flags())
}

// unknownCommand refuses a first argument that can be no URL: flags behind it
// would be taken for those of a load.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || !isWord(args[0]) {
		return nil
	}
	var names []string
	paths := map[string]string{}
	for _, c := range root.Commands() {
		for _, one := range append([]*cobra.Command{c}, c.Commands()...) {
			if one.Name() != "" && paths[one.Name()] == "" {
				names = append(names, one.Name())
				paths[one.Name()] = one.CommandPath()
			}
		}
		if c.Name() == args[0] {
			return nil
		}
	}
	if best := nearest(args[0], names); best != "" {
		return &loadgen.HintError{Problem: fmt.Sprintf("unknown command %q", args[0]), Hint: "did you mean " + paths[best] + "?"}
	}
	return &loadgen.HintError{
		Problem: fmt.Sprintf("%q is neither a command nor a URL", args[0]),
		Hint:    "nodrop --help lists the commands; the URL of a host is http://" + args[0],
	}
}

// isWord reports whether text could be a command's name, and no host's with a
// domain, a port or a path.
func isWord(text string) bool {
	return text != "" && unicode.IsLetter(rune(text[0])) && text != "localhost" && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// nearest is the candidate that name may have been meant for; "" for none.
func nearest(name string, candidates []string) string {
	best, distance := "", (len(name)+1)/3+1 // beyond that it is another word
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(name, c); d < distance {
			best, distance = c, d
		}
	}
	return best
}

// complain writes one line, and one more where there is something to do.
func (p *program) complain(err error) {
	if faults, ok := errors.AsType[file.Faults](err); ok {
		fmt.Fprintln(p.stderr, faults) // as editors and CI read them
		return
	}
	fmt.Fprintf(p.stderr, "nodrop: %s\n", printable(err))
	if hinted, ok := errors.AsType[*loadgen.HintError](err); ok {
		fmt.Fprintf(p.stderr, "hint: %s\n", safetext.CleanLine(safetext.MaskText(hinted.Hint)))
	}
}

// printable is an error as others may read it, in one line and without secrets.
func printable(err error) string { return safetext.CleanLine(safetext.MaskText(err.Error())) }

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
	outputs := outputFlag(root.Flags())
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

// duringFlags describe an action beside a plain load.
type duringFlags struct {
	set     *pflag.FlagSet
	kube    *kube.FlagValues
	yes     *bool
	command string
	at      string
	settle  time.Duration
}

func newDuringFlags(fs *pflag.FlagSet) *duringFlags {
	f := &duringFlags{set: fs}
	fs.StringVar(&f.command, "during", "", "command for the shell to run beside the load, and to tell losses in relation to: 'kubectl scale …'; a loss is then a failure, unless --fail-if says what is")
	fs.StringVar(&f.at, "at", "20%", "when to run it: a share of the load (20%), a time (5s) or a request (#10000)")
	fs.DurationVar(&f.settle, "settle", 0, "keep the load up until the command has ended and this long has passed: -n is then a minimum")
	f.kube = kube.Flags(fs)
	f.yes = yesFlag(fs)
	return f
}

// addTo makes s the scenario with that one step.
func (f *duringFlags) addTo(s *scenario.Scenario) error {
	step, err := f.step()
	if err != nil {
		return err
	}
	if step == nil {
		for _, name := range []string{"at", "settle", "yes"} {
			if f.set.Changed(name) {
				return &loadgen.HintError{Problem: "--" + name + ": a plain load has no event", Hint: "--during 'COMMAND', --scale deployment/NAME=1, or nodrop lab"}
			}
		}
		return nil
	}
	if f.settle < 0 {
		return fmt.Errorf("--settle %v: cannot be negative", f.settle)
	}
	if step.At, err = scenario.ParseAt(f.at); err != nil {
		return fmt.Errorf("--at: %w", err)
	}
	v := &s.Variants[0]
	v.Timeline = []scenario.Step{*step}
	kube.Prepare(s.Variants)
	if len(v.FailIf) == 0 {
		v.FailIf = []string{"lost > 0"}
	}
	s.Settle = f.settle
	return nil
}

// step is what happens beside the load; nil for nothing.
func (f *duringFlags) step() (*scenario.Step, error) {
	step, err := f.kube.Step()
	switch {
	case err != nil || !f.set.Changed("during"):
		return step, err
	case step != nil:
		return nil, errors.New("--during, --scale and --restart: one of them")
	case strings.TrimSpace(f.command) == "":
		return nil, errors.New("--during: no command given")
	}
	name := safetext.MaskText(f.command)
	return &scenario.Step{Name: name, Action: &action.Exec{Command: action.Command{Shell: f.command, Title: name}}}, nil
}

func yesFlag(fs *pflag.FlagSet) *bool {
	return fs.Bool("yes", false, "change what is to be changed in a cluster without asking")
}

// confirm says what a scenario will change in clusters and asks, unless yes.
func (p *program) confirm(s *scenario.Scenario, yes bool) error {
	lines, err := changes(s)
	if err != nil || len(lines) == 0 {
		return err
	}
	fmt.Fprintf(p.stderr, "nodrop: this will change:\n  %s\n", strings.Join(lines, "\n  "))
	if yes {
		return nil
	}
	in, ok := p.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return &loadgen.HintError{Problem: "nobody is there to be asked", Hint: "--yes changes it without asking"}
	}
	fmt.Fprint(p.stderr, "Go on? [y/N] ")
	answer, _ := bufio.NewReader(in).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return errors.New("nothing was changed")
	}
	return nil
}

// changes are a line for each thing that a scenario will change in a cluster.
func changes(s *scenario.Scenario) ([]string, error) {
	var lines []string
	seen := map[string]bool{}
	for _, v := range s.Variants {
		actions := slices.Concat(v.Setup, v.Gate, v.Restore)
		for _, step := range v.Timeline {
			actions = append(actions, step.Action)
		}
		for _, a := range actions {
			announced, err := kube.Announce(a)
			if err != nil {
				return nil, err
			}
			for _, line := range announced {
				line = safetext.CleanLine(s.Mask(line))
				if !seen[line] {
					seen[line], lines = true, append(lines, line)
				}
			}
		}
	}
	return lines, nil
}

func initHelp(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	for _, c := range cmd.Commands() {
		initHelp(c)
	}
}

func (p *program) labCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab [flags]",
		Short: "The whole story on this machine: scale a fleet of gateways in under load, abruptly, then gracefully",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return &loadgen.HintError{
				Problem: fmt.Sprintf("lab: %s: it takes no URL, as it brings its own gateways", args[0]),
				Hint:    "--backend http://HOST:PORT puts a server of yours behind them; without lab, nodrop sends a plain load",
			}
		},
	}
	flags := lab.Flags(cmd.Flags())
	checks := failIfFlag(cmd.Flags())
	outputs := outputFlag(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return p.lab(cmd.Context(), flags, *checks, *outputs)
	}
	return cmd
}

func (p *program) scenarioCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario COMMAND",
		Short: "What a file says: set up, load, act beside it, restore; in variants, compared",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &loadgen.HintError{Problem: fmt.Sprintf("scenario: unknown command %q", args[0]), Hint: "nodrop scenario run FILE, validate FILE, init KIND or schema"}
			}
			return cmd.Help()
		},
	}
	run := &cobra.Command{Use: "run FILE", Short: "Run it", Args: cobra.ArbitraryArgs}
	flags := newScenarioFlags(run.Flags())
	run.Flags().StringArrayVar(&flags.variants, "variant", nil, "the only variant to run; repeatable")
	run.Flags().IntVar(&flags.repeat, "repeat", 0, "how often each variant is run, in turns, in place of what the file says")
	dry := run.Flags().Bool("dry-run", false, "print what would be done, in order, and do nothing")
	run.Flags().StringArrayVar(&flags.checks, "fail-if", nil, "check that fails the verdict, exit 1, on the last variant: 'lost > 0', 'p99 > 250ms'; repeatable")
	yes := yesFlag(run.Flags())
	outputs := outputFlag(run.Flags())
	run.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("repeat") && flags.repeat < 1 {
			return fmt.Errorf("--repeat %d: must be 1 to %d", flags.repeat, file.MaxRepeat)
		}
		s, err := p.readScenario(cmd.Context(), flags, args)
		if err != nil {
			return err
		}
		if *dry {
			return p.dryRun(s)
		}
		if err := p.confirm(s, *yes); err != nil {
			return err
		}
		return p.scenario(cmd.Context(), s, *outputs)
	}
	validate := &cobra.Command{Use: "validate FILE", Short: "Only tell what is wrong with it", Args: cobra.ArbitraryArgs}
	only := newScenarioFlags(validate.Flags())
	validate.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := p.readScenario(cmd.Context(), only, args)
		if err != nil {
			return err
		}
		fmt.Fprintf(p.stdout, "%s: ok: variants %d, repetitions %d, streams %d\n", safetext.CleanLine(args[0]), len(s.Variants), max(1, s.Repeat), len(s.Streams))
		return nil
	}
	schema := &cobra.Command{Use: "schema", Short: "Print the JSON Schema of a scenario file, for editors", Args: cobra.ArbitraryArgs}
	schema.RunE = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return errors.New("scenario schema: it is of no file, and goes to stdout")
		}
		_, err := io.WriteString(p.stdout, file.Schema)
		return err
	}
	cmd.AddCommand(run, validate, p.initCommand(), schema)
	return cmd
}

// dryRun tells what would be done, and what that would change in which cluster.
func (p *program) dryRun(s *scenario.Scenario) error {
	if _, err := io.WriteString(safetext.CleanWriter{To: p.stdout}, file.Plan(s)); err != nil {
		return err
	}
	lines, err := changes(s)
	if err != nil || len(lines) == 0 {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "\nThis would change:\n  %s\n", strings.Join(lines, "\n  "))
	return err
}

func (p *program) initCommand() *cobra.Command {
	kinds := file.Kinds()
	var names, lines []string
	for _, kind := range kinds {
		names = append(names, kind.Name)
		lines = append(lines, fmt.Sprintf("  %-10s %s", kind.Name, kind.Short))
	}
	cmd := &cobra.Command{
		Use:   "init KIND",
		Short: "Print a scenario to begin with: " + strings.Join(names, ", "),
		Long:  "Print a scenario to begin with, which can be run as it is. The kinds:\n" + strings.Join(lines, "\n"),
		Args:  cobra.ArbitraryArgs,
	}
	output := cmd.Flags().String("output", "", "write it to this file")
	force := cmd.Flags().Bool("force", false, "with --output: replace a file that is there")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		known := "kinds: " + strings.Join(names, ", ")
		if len(args) != 1 {
			return &loadgen.HintError{Problem: fmt.Sprintf("scenario init: want one kind, got %d", len(args)), Hint: known}
		}
		i := slices.Index(names, args[0])
		switch {
		case i < 0:
			return &loadgen.HintError{Problem: fmt.Sprintf("scenario init: there is no kind %q", args[0]), Hint: known}
		case cmd.Flags().Changed("output"):
			return create(*output, kinds[i].Text, *force)
		case *force:
			return errors.New("--force: nothing is replaced without --output FILE")
		}
		_, err := io.WriteString(p.stdout, kinds[i].Text)
		return err
	}
	return cmd
}

// create writes a file that is not there yet, unless it may be replaced.
func create(path, text string, replace bool) error {
	if path == "" {
		return errors.New("--output: no file named")
	}
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if replace {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(path, flags, 0o666)
	switch {
	case errors.Is(err, os.ErrExist):
		return &loadgen.HintError{Problem: fmt.Sprintf("--output %s: it is there already", path), Hint: "--force replaces it"}
	case err != nil:
		return fmt.Errorf("--output %s: %w", path, unwrapPath(err))
	}
	_, err = io.WriteString(f, text)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("--output %s: %w", path, unwrapPath(err))
	}
	return nil
}

// scenarioFlags are what a file is read with.
type scenarioFlags struct {
	set, variants, checks []string
	repeat                int
}

func newScenarioFlags(fs *pflag.FlagSet) *scenarioFlags {
	f := &scenarioFlags{}
	fs.StringArrayVar(&f.set, "set", nil, "NAME=VALUE: what ${NAME} is; repeatable")
	return f
}

func (p *program) readScenario(ctx context.Context, f *scenarioFlags, args []string) (*scenario.Scenario, error) {
	if len(args) != 1 {
		return nil, fmt.Errorf("scenario: want one file, got %d", len(args))
	}
	if err := validate(f.checks); err != nil {
		return nil, err
	}
	if f.repeat > file.MaxRepeat {
		return nil, fmt.Errorf("--repeat %d: must be 1 to %d", f.repeat, file.MaxRepeat)
	}
	set := map[string]string{}
	for _, text := range f.set {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &loadgen.HintError{Problem: fmt.Sprintf("--set %q: not NAME=VALUE", name), Hint: "--set HOST=10.0.0.1"}
		}
		set[name] = value
	}
	return unlessEnded(ctx, func() (*scenario.Scenario, error) {
		return file.Load(args[0], file.Options{
			Set: set, Variants: f.variants, Repeat: f.repeat, FailIf: f.checks, LookupEnv: os.LookupEnv,
			ParseCheck: func(text string) error { return validate([]string{text}) },
		})
	})
}

// unlessEnded is what do returns, unless ctx ends before: a pipe that is read may
// never say anything.
func unlessEnded[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := do()
		done <- outcome{value, err}
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// scenario runs s. Without a run there is no report, but what went wrong.
func (p *program) scenario(ctx context.Context, s *scenario.Scenario, formats []string) error {
	out, err := p.open(formats)
	if err != nil {
		return err
	}
	defer out.discard()
	recording, err := p.runScenario(ctx, s, out)
	misused := portHeld(err)
	if err != nil && len(recording.Runs) == 0 && (misused || ctx.Err() != nil) {
		return err
	}
	if err != nil && len(recording.Runs) == 0 {
		p.complain(err)
		recording.Error = printable(err)
	}
	err = p.finish(ctx, out, report.Build(recording))
	if misused && p.code != exitInterrupted {
		p.code = exitMisuse
	}
	return err
}

// portHeld reports a set-up that found a process's port held by something else.
func portHeld(err error) bool {
	setUp, ok := errors.AsType[*scenario.SetUpError](err)
	if !ok {
		return false
	}
	_, held := errors.AsType[*action.InUseError](setUp)
	return held
}

func (p *program) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report FILE",
		Short: "A saved recording (-o json=FILE or ndjson=FILE) as a report again",
		Args:  cobra.ArbitraryArgs,
	}
	checks := failIfFlag(cmd.Flags())
	outputs := outputFlag(cmd.Flags())
	schema := cmd.Flags().Bool("schema", false, "print the JSON Schema of -o report-json")
	one := cmd.Flags().String("run", "", "the only run to report, by its name ('graceful #2') or its place (3), as if it had been the only one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *schema {
			return p.schema(cmd.Flags(), args)
		}
		if len(args) != 1 {
			return fmt.Errorf("report: want one file, got %d", len(args))
		}
		if err := validate(*checks); err != nil {
			return err
		}
		recording, err := readRecording(args[0])
		if err == nil && cmd.Flags().Changed("run") {
			recording, err = report.Only(recording, *one)
		}
		if err != nil {
			return err
		}
		return p.report(recording, *checks, *outputs)
	}
	return cmd
}

func (p *program) compareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "compare BASE NEW",
		Short: "Saved recordings (-o json=FILE) of two arms: what changed, and whether it can be told from chance",
		Args:  cobra.ArbitraryArgs,
	}
	base := cmd.Flags().StringArray("base", nil, "recordings of the base arm in place of BASE, each run one repetition: 'off-*.json'; repeatable")
	next := cmd.Flags().StringArray("new", nil, "recordings of the new arm in place of NEW; repeatable")
	variant := cmd.Flags().String("variant", "", "which variant of the recordings to compare")
	checks := cmd.Flags().StringArray("fail-if", nil, "check that fails the verdict, exit 1: 'lost > 0' on each run of new, 'p99 > +10%' on the change; repeatable")
	outputs := outputFlag(cmd.Flags())
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		arms, err := findArms(args, *base, *next)
		if err != nil {
			return err
		}
		return p.compare(arms, *variant, *checks, *outputs)
	}
	return cmd
}

// load is the plain command: hey's.
func (p *program) load(ctx context.Context, flags *loadgen.FlagValues, during *duringFlags, checks, formats, args []string) error {
	if len(args) == 0 {
		return &loadgen.HintError{Problem: "no URL given", Hint: "nodrop -n 200 -c 50 http://HOST/, or nodrop --help"}
	}
	if len(args) > 1 {
		var shown []string
		for _, arg := range args {
			shown = append(shown, safetext.MaskURL(arg))
		}
		return fmt.Errorf("want one URL, got %d: %s", len(args), strings.Join(shown, " "))
	}
	if err := validate(checks); err != nil {
		return err
	}
	cfg, err := flags.Config(args[0])
	if err != nil {
		return err
	}
	s := &scenario.Scenario{
		Streams:  []scenario.Stream{{Load: cfg}},
		Variants: []scenario.Variant{{FailIf: checks}},
	}
	if err := during.addTo(s); err != nil {
		return err
	}
	if err := p.confirm(s, *during.yes); err != nil {
		return err
	}
	out, err := p.open(formats)
	if err != nil {
		return err
	}
	defer out.discard()
	recording, err := p.runScenario(ctx, s, out)
	if err != nil && len(recording.Runs) == 0 {
		return err // no load has begun
	}
	return p.finish(ctx, out, report.Build(recording))
}

// runScenario runs s into the outputs. What went wrong when a load had begun is
// part of the recording, and told.
func (p *program) runScenario(ctx context.Context, s *scenario.Scenario, out *outputs) (*record.Recording, error) {
	for i := range s.Streams {
		s.Streams[i].Load.Sinks = out.sinks
	}
	s.Log, s.Hinted = p.logs.keep, p.complain
	runtime.GOMAXPROCS(threads(s.Streams))
	s.Interrupts = p.interrupts
	p.interrupts.Begin()
	recording, err := s.Run(ctx, p.watch)
	told := !errors.Is(err, context.Canceled) || errors.Is(err, scenario.ErrRestore)
	if err != nil && len(recording.Runs) > 0 && told {
		p.complain(err)
		recording.Error = printable(err)
	}
	return recording, err
}

// threads is how many Go should run for loads side by side. A loop under load
// keeps its own, so they add up: with fewer, loops would wait for each other.
func threads(streams []scenario.Stream) int {
	n := 0
	for i := range streams {
		n += streams[i].Load.Threads()
	}
	return n
}

// lab runs the scenario that the flags describe.
func (p *program) lab(ctx context.Context, flags *lab.FlagValues, checks, formats []string) error {
	if err := validate(checks); err != nil {
		return err
	}
	if flags.HasClient() {
		return p.labClient(ctx, flags, checks, formats)
	}
	s, err := flags.Scenario(p.stderr)
	if err != nil {
		return err
	}
	if !p.inNamespace {
		if err := flags.CheckTarget(ctx); err != nil {
			return err
		}
	}
	if flags.NeedsNamespace() && !p.inNamespace {
		return p.enterNamespace()
	}
	s.Variants[len(s.Variants)-1].FailIf = checks
	out, err := p.open(formats)
	if err != nil {
		return err
	}
	defer out.discard()
	recording, err := p.runScenario(ctx, s, out)
	switch {
	case err != nil && ctx.Err() != nil && len(recording.Runs) == 0:
		return err
	case err != nil && len(recording.Runs) == 0:
		p.complain(err)
		recording.Error = printable(err)
	}
	return p.finish(ctx, out, report.Build(recording))
}

// enterNamespace does it all again, in a network namespace.
func (p *program) enterNamespace() (err error) {
	p.code, err = lab.InNamespace(p.args, func() { // signals are for the one that has the load
		p.unlisten()
		p.interrupts.Ignore()
	})
	if errors.Is(err, context.Canceled) {
		p.complain(errInterrupted)
		p.code, err = exitInterrupted, nil
	}
	return err
}

// labClient runs another load generator beside what happens to the fleet.
func (p *program) labClient(ctx context.Context, flags *lab.FlagValues, checks, formats []string) error {
	if len(checks)+len(formats) > 0 {
		return errors.New("--fail-if, -o: what another client met is its own to tell")
	}
	runs, err := flags.ClientRuns()
	if err != nil {
		return err
	}
	if !p.inNamespace {
		if err := flags.CheckTarget(ctx); err != nil {
			return err
		}
		return p.enterNamespace()
	}
	p.interrupts.Begin()
	begun := false // so has a client
	for _, run := range runs {
		err := p.clientRun(ctx, run, func() { begun = true })
		if begun && ctx.Err() != nil {
			p.interruptedClient(err)
			return nil //nolint:nilerr // it has been reported
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// clientRun tells what was seen beside one client.
func (p *program) clientRun(ctx context.Context, run *lab.ClientRun, begins func()) error {
	result, err := run.Run(ctx, p.stdout, p.rawStderr, func(fleet string) {
		begins()
		fmt.Fprintf(p.stdout, "\n%s\n\n$ %s\n", fleet, safetext.CleanText(safetext.MaskText(run.Command)))
	})
	if err != nil {
		scenario.Log(p.logs.keep).Failed("lab", err)
		return err
	}
	if err := format.Beside(p.stdout, result.Marks, result.Kernel.String()); err != nil {
		return err
	}
	if result.Problem != nil && ctx.Err() == nil { // the end of ctx is a problem, too
		p.complain(fmt.Errorf("%s: %w", run.Stop, result.Problem))
		p.code = exitInconclusive
	}
	return nil
}

// interruptedClient tells that another load generator was interrupted, and what
// went wrong then.
func (p *program) interruptedClient(err error) {
	told := errors.New("interrupted")
	if err != nil && !errors.Is(err, context.Canceled) {
		told = fmt.Errorf("%w; %w", told, err)
	}
	p.complain(told)
	p.code = exitInterrupted
}

// report renders a saved recording. Checks are added to what it was recorded
// with, of the variant that the lab would add them to.
func (p *program) report(recording *record.Recording, checks, formats []string) error {
	last := "" // the variant that appeared last: repetitions are in turns
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
	out, err := p.open(formats)
	if err != nil {
		return err
	}
	defer out.discard()
	for _, o := range out.list {
		if isStream(o.format) {
			return fmt.Errorf("-o %s: written while a load runs; a recording has no single requests to write", o.format)
		}
	}
	return p.finish(context.Background(), out, report.Build(recording))
}

// compare sets two arms of saved recordings side by side.
func (p *program) compare(arms [2][]string, variant string, checks, formats []string) error {
	for _, text := range checks {
		if _, err := check.ParseChangeCheck(text); err != nil {
			return err
		}
	}
	for _, spec := range formats {
		if name, _, _ := strings.Cut(spec, "="); name == "json" || isStream(name) {
			return fmt.Errorf("-o %s: a comparison has no load of its own to write as %s", spec, name)
		}
	}
	var saved [2][]compare.Saved
	for i, files := range arms {
		for _, file := range files {
			recording, err := readRecording(file)
			if err != nil {
				return err
			}
			saved[i] = append(saved[i], compare.Saved{File: file, Recording: recording})
		}
	}
	r, err := report.Compare(saved[0], saved[1], variant, checks)
	if err != nil {
		return err
	}
	out, err := p.open(formats)
	if err != nil {
		return err
	}
	defer out.discard()
	return p.finish(context.Background(), out, r)
}

// findArms lists the files of both arms: two arguments, or patterns for each.
func findArms(args, base, next []string) (arms [2][]string, err error) {
	switch {
	case len(base)+len(next) == 0 && len(args) == 2:
		return [2][]string{args[:1], args[1:]}, nil
	case len(base)+len(next) == 0:
		return arms, &loadgen.HintError{Problem: fmt.Sprintf("compare: want two files, got %d", len(args)), Hint: "nodrop compare BASE NEW, or --base 'off-*.json' --new 'on-*.json'"}
	case len(args) > 0:
		return arms, &loadgen.HintError{Problem: fmt.Sprintf("compare: %s beside --base and --new", args[0]), Hint: "quote patterns, or the shell expands them: --base 'off-*.json'"}
	case len(base) == 0:
		return arms, errors.New("compare: --new without --base")
	case len(next) == 0:
		return arms, errors.New("compare: --base without --new")
	}
	if arms[0], err = expand("--base", base); err != nil {
		return arms, err
	}
	arms[1], err = expand("--new", next)
	return arms, err
}

// expand lists the files that patterns match, each once; a pattern that names a
// file as it stands is that file.
func expand(flag string, patterns []string) ([]string, error) {
	var files []string
	for _, pattern := range patterns {
		matches := []string{pattern}
		if _, err := os.Stat(pattern); err != nil {
			if matches, err = filepath.Glob(pattern); err != nil {
				return nil, fmt.Errorf("%s %q: %w", flag, pattern, err)
			}
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("%s %q: no file matches", flag, pattern)
		}
		for _, file := range matches {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, nil
}

func readRecording(file string) (*record.Recording, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	recording, err := stream.Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return recording, nil
}

// Validate refuses checks that cannot be read, before anything is done.
func validate(checks []string) error {
	for _, text := range checks {
		if _, err := check.ParseCheck(text); err != nil {
			return err
		}
	}
	return nil
}

// schema prints what -o report-json is held to.
func (p *program) schema(fs *pflag.FlagSet, args []string) error {
	if len(args) > 0 || fs.NFlag() > 1 {
		return errors.New("report: --schema is printed to stdout, of no file")
	}
	_, err := io.WriteString(p.stdout, format.Schema)
	return err
}

// Finish renders the report and settles the exit code.
func (p *program) finish(ctx context.Context, out *outputs, r *report.Report) error {
	p.code = exitCode(r)
	if err := out.write(r); err != nil {
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
	case check.Fail:
		return exitFail
	case check.Inconclusive:
		return exitInconclusive
	default:
		return exitOK
	}
}

// watch tells what this machine lacks for loads that start, shows how far they
// are and lets marks be set in them, until the function it returns is called.
func (p *program) watch(name string, loads []scenario.Watched) func() {
	for _, l := range loads {
		for _, lack := range l.Warnings() {
			fmt.Fprintf(p.stderr, "nodrop: warning: %s\n", lack)
		}
	}
	unmarked, unshown := p.byHand.Watch(loads), p.show(name, loads)
	return func() {
		unshown()
		unmarked()
	}
}

// defaultColumns is the width of a terminal that does not say.
const defaultColumns = 80

// show shows on a terminal how far loads are; the function it returns ends that,
// and wipes it.
func (p *program) show(name string, loads []scenario.Watched) func() {
	f, ok := p.rawStderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return func() {}
	}
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				fmt.Fprint(p.rawStderr, "\r\033[K")
				return
			case <-tick.C:
				width := defaultColumns
				if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
					width = w
				}
				// The last column stays free: with a character in it, some terminals
				// begin a new line.
				fmt.Fprintf(p.rawStderr, "\r\033[K%s", page.Fit(scenario.ProgressLine(name, loads), width-1))
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

func failIfFlag(fs *pflag.FlagSet) *[]string {
	return fs.StringArray("fail-if", nil, "check that fails the verdict, exit 1: 'lost > 0', 'p99 > 250ms', 'rps < 1000'; repeatable")
}

func outputFlag(fs *pflag.FlagSet) *[]string {
	return fs.StringArrayP("o", "o", nil, "output, FORMAT or FORMAT=FILE: "+knownFormats()+"; repeatable")
}

// knownFormats lists what -o takes.
func knownFormats() string {
	var names []string
	for _, f := range format.Formats {
		names = append(names, f.Name)
	}
	for _, s := range stream.Streams {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// isStream tells a format that is written while a load runs.
func isStream(format string) bool {
	for _, s := range stream.Streams {
		if s.Name == format {
			return true
		}
	}
	return false
}

// outputs is where the report goes, opened before the load starts.
type outputs struct {
	list        []*output
	sinks       []record.Sink
	temporaries *temporaries
}

// output is one format and its place.
type output struct {
	format string        // its name
	render format.Format // nil for a stream
	sink   record.Sink   // nil for what is computed
	name   string        // as -o gave it
	w      io.Writer
	file   *os.File // nil for stdout
	path   string   // what file is renamed to at the end; "" when it is that already
}

// temporaries are the files that are not in their place yet.
type temporaries struct {
	mu    sync.Mutex // guards paths
	paths map[string]bool
}

// create makes the file that will be settled at path, beside it.
func (t *temporaries) create(path string) (*os.File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	temporary := filepath.Join(filepath.Dir(path), fmt.Sprintf(".%s-%x", filepath.Base(path), rand.Uint64()))
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	if t.paths == nil {
		t.paths = map[string]bool{}
	}
	t.paths[temporary] = true
	return f, nil
}

// settle puts a file in its place.
func (t *temporaries) settle(path, place string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := os.Rename(path, place); err != nil {
		return err
	}
	delete(t.paths, path)
	return nil
}

// remove forgets a file and what was written to it.
func (t *temporaries) remove(path string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paths[path] {
		_ = os.Remove(path)
		delete(t.paths, path)
	}
}

// removeAll is for the end of the program: it leaves the lock closed, so that
// no file is made or moved any more.
func (t *temporaries) removeAll() {
	t.mu.Lock()
	for path := range t.paths {
		_ = os.Remove(path)
	}
}

// open opens every output. At most one format goes to stdout: text, unless
// another is given without a file.
func (p *program) open(formats []string) (*outputs, error) {
	out := &outputs{temporaries: &p.temporaries}
	onStdout := ""
	for _, spec := range formats {
		name, path, toFile := strings.Cut(spec, "=")
		if !toFile && onStdout != "" {
			out.discard()
			return nil, &loadgen.HintError{
				Problem: fmt.Sprintf("-o %s: stdout is taken by -o %s", spec, onStdout),
				Hint:    fmt.Sprintf("-o %s=FILE", spec),
			}
		}
		if !toFile {
			onStdout = spec
		}
		if err := out.add(name, path, toFile, p.stdout); err != nil {
			out.discard()
			return nil, err
		}
	}
	if onStdout == "" {
		return out, out.add("text", "", false, p.stdout)
	}
	return out, nil
}

func (out *outputs) add(name, path string, toFile bool, stdout io.Writer) error {
	o := &output{format: name, name: name, w: stdout}
	if toFile {
		o.name += "=" + path
	}
	stream, err := o.choose()
	if err != nil {
		return err
	}
	if name == "text" && !toFile {
		o.render = format.TextFor(textOptions(stdout))
	}
	if toFile {
		if target, err := filepath.EvalSymlinks(path); err == nil && path != "" {
			path = target // the link stays
		}
		for _, other := range out.list {
			if other.path != "" && filepath.Clean(other.path) == filepath.Clean(path) {
				return fmt.Errorf("-o %s: taken by -o %s", o.name, other.name)
			}
		}
		if err := o.create(path, out.temporaries); err != nil {
			return fmt.Errorf("-o %s: %w", o.name, err)
		}
	}
	if stream != nil {
		o.sink = stream(o.w)
		out.sinks = append(out.sinks, o.sink)
	}
	out.list = append(out.list, o)
	return nil
}

// choose finds the format: one that is computed, or how to make a stream.
func (o *output) choose() (sink func(io.Writer) record.Sink, err error) {
	for _, f := range format.Formats {
		if f.Name == o.format {
			o.render = f.Write
			return nil, nil
		}
	}
	for _, s := range stream.Streams {
		if s.Name == o.format {
			return s.New, nil
		}
	}
	if strings.Contains(o.format, "{{") {
		return nil, &loadgen.HintError{Problem: fmt.Sprintf("-o %q: templates are not taken", o.format), Hint: "-o json=FILE holds everything a template could show"}
	}
	return nil, fmt.Errorf("-o %q: unknown format; known: %s", o.format, knownFormats())
}

// textOptions are what the text report is told of stdout: on a terminal it may
// be wide and coloured, but not where the user or the terminal says no.
func textOptions(stdout io.Writer) page.Options {
	f, ok := stdout.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return page.Options{}
	}
	o := page.Options{Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && runtime.GOOS != "windows"}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && width >= wideText {
		o.Width = wideText
	}
	return o
}

// wideText is the width of the text report where there is room for it: prose in
// longer lines is hard to read.
const wideText = 120

// create opens the file for writing: a temporary one beside it, so that a
// failed run leaves what was there; what is not a regular file is written to
// directly. A file that is replaced must be writable, and gives its mode.
func (o *output) create(path string, temporaries *temporaries) (err error) {
	if path == "" {
		return errors.New("no file named")
	}
	old, statErr := os.Stat(path)
	if statErr == nil {
		if o.file, err = os.OpenFile(path, os.O_WRONLY, 0); err != nil {
			return unwrapPath(err)
		}
		o.w = o.file
		if !old.Mode().IsRegular() {
			return nil
		}
		_ = o.file.Close()
	}
	if o.file, err = temporaries.create(path); err != nil {
		return unwrapPath(err)
	}
	o.w, o.path = o.file, path
	if statErr == nil {
		if err = o.file.Chmod(old.Mode().Perm()); err != nil {
			_ = o.file.Close()
			temporaries.remove(o.file.Name())
		}
	}
	return unwrapPath(err)
}

// unwrapPath leaves the reason of a file error; the caller names the file.
func unwrapPath(err error) error {
	if pathErr, ok := errors.AsType[*os.PathError](err); ok {
		return pathErr.Err
	}
	return err
}

// write ends every output; the first error is returned, and the others are
// still written.
func (out *outputs) write(r *report.Report) error {
	var first error
	for _, o := range out.list {
		if err := o.write(r, out.temporaries); err != nil && first == nil {
			first = fmt.Errorf("-o %s: %w", o.name, unwrapPath(err))
		}
	}
	return first
}

func (o *output) write(r *report.Report, temporaries *temporaries) error {
	var err error
	if o.sink != nil {
		err = o.sink.Close(r.Recording)
	} else {
		err = o.render(o.w, r)
	}
	if o.file == nil {
		return err
	}
	if closeErr := o.file.Close(); err == nil {
		err = closeErr
	}
	if err == nil && o.path != "" {
		err = temporaries.settle(o.file.Name(), o.path)
	}
	if err == nil {
		o.path = ""
	}
	return err
}

// discard removes the temporary files that were not put in place.
func (out *outputs) discard() {
	for _, o := range out.list {
		if o.file != nil && o.path != "" {
			_ = o.file.Close()
			out.temporaries.remove(o.file.Name())
		}
	}
}

// flagError names the nearest flag for one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	name := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); len(short) > len(name) {
		name = short
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && len(f.Name) > 1 {
			names = append(names, f.Name)
		}
	})
	best := nearest(name, names)
	if best == "" {
		return &loadgen.HintError{Problem: "unknown flag: -" + name, Hint: cmd.CommandPath() + " --help lists them"}
	}
	return &loadgen.HintError{Problem: "unknown flag: -" + name, Hint: "did you mean --" + best + "?"}
}

// usage lists flags as hey does, with one dash for single letters.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "Usage: %s\n", cmd.UseLine())
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			fmt.Fprintf(w, "       %s %-16s %s\n", cmd.CommandPath(), c.Use, c.Short)
		}
	}
	fmt.Fprintf(w, "\nFlags (one dash or two):\n")
	cmd.Flags().SortFlags = false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if len(f.Name) == 1 {
			name = "-" + f.Name
		}
		line := f.Usage
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" {
			line += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-24s %s\n", name, line)
	})
	return nil
}
