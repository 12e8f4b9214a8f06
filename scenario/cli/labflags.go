package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/lab"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
)

// labFlags holds the values of the lab's flags.
type labFlags struct {
	set  *pflag.FlagSet
	load *cli.LoadFlags

	fleet                   lab.Options // without what backend says
	at, stop, path, backend string
	action                  string
	to, maxUnavailable      int
	settle                  time.Duration
	repeat                  int
	client                  string
	find                    *findFlags
	prove                   bool
	rounds                  int
	own                     []string // names of the lab's flags, without the load's
}

// paced has the default that help shows for the flags that Pace chooses.
var paced = map[string]string{"n": "50000, or as many as fit into 10 s", "q": "25, or what this machine sustains"}

// notInLab are load flags without meaning in a lab, and why.
var notInLab = []struct{ name, why string }{
	{"connect-to", balancerChooses},
	{"dns", balancerChooses},
	{"endpoint-header", balancerChooses},
	{"source", balancerChooses},
	{"x", balancerChooses},
	{"unix-socket", balancerChooses},
	{"h2", protoSays},
	{"h2c", protoSays},
	{"insecure", ownCertificate},
	{"cacert", ownCertificate},
	{"cert", "the lab's gateways ask for no certificate"},
	{"key", "the lab's gateways ask for no certificate"},
	{"sni", ownCertificate},
}

const (
	balancerChooses = "the lab's balancer chooses the addresses"
	protoSays       = "--proto says what the lab speaks"
	ownCertificate  = "with TLS, the lab makes a certificate that its load trusts"
)

// onlyWith are load flags that need some protocol.
var onlyWith = []struct {
	name, uses string
	has        func(gateway.Proto) bool
	hint       gateway.Proto
}{
	{"tls-min", "TLS", gateway.Proto.TLS, gateway.H1S},
	{"tls-max", "TLS", gateway.Proto.TLS, gateway.H1S},
	{"tls-resume", "TLS", gateway.Proto.TLS, gateway.H1S},
	{"streams", "streams", gateway.Proto.HTTP2, gateway.H2},
}

// newLabFlags defines the lab's flags on fs: those of the fleet, and those of the
// load with the lab's defaults.
func newLabFlags(fs *pflag.FlagSet) *labFlags {
	v := &labFlags{set: fs, fleet: lab.DefaultOptions()}
	f := &v.fleet
	f.Gateway, f.Dataplane, f.Proto = gateway.Builtin().Name, dataplane.Dialer, gateway.H1
	fs.IntVar(&f.Replicas, "replicas", f.Replicas, "gateway replicas at the start")
	fs.IntVar(&v.to, "to", 1, "replicas left after the scale-in")
	fs.StringVar(&v.at, "at", "40%", "when to change the fleet: at a share of the load (40%), a time (4s) or a request (#20000)")
	fs.StringVar(&v.stop, "stop", "abrupt,graceful", "how replicas stop; each way is a variant: "+strings.Join(gateway.ModeNames(), ", "))
	fs.DurationVar(&f.Propagation, "propagation", f.Propagation, "how long the balancer keeps using a replica after its termination begins")
	fs.DurationVar(&f.PreStop, "pre-stop", f.PreStop, "how long a graceful replica keeps accepting connections before it is signalled to stop")
	fs.DurationVar(&f.Grace, "grace", f.Grace, "how long a signalled replica may take to finish requests in flight")
	fs.DurationVar(&v.settle, "settle", 0, "keep the load running until this long after the event is over, with its last mark; -n is then a minimum")
	fs.IntVar(&v.repeat, "repeat", 1, "how often to run each variant, interleaved; telling a difference from chance needs at least 4")
	fs.StringVar(&v.path, "path", "/", "path to request from the backend: /, /status/N, /delay/S, /bytes/N, /stream-bytes/N, /drip")
	fs.StringVar(&f.Gateway, "gateway", f.Gateway, "gateway to run as replicas: "+strings.Join(gateway.Names(), ", "))
	fs.StringVar(&f.Program, "gateway-bin", f.Program, "path of the gateway's program, instead of the one on the PATH")
	fs.StringVar((*string)(&f.Proto), "proto", string(f.Proto), "what the load speaks to the gateways: h1 (HTTP/1.1), h2c (HTTP/2), or over TLS, with a certificate made for the lab, h1s or h2")
	fs.StringVar(&v.backend, "backend", "", "your own server behind the gateways, instead of the built-in one")
	fs.StringVar(&v.action, "action", actionScale, "how to change the fleet: scale (in to --to replicas) or restart (replace every replica)")
	fs.IntVar(&v.maxUnavailable, "max-unavailable", 1, "with --action restart: how many replicas to replace at a time")
	fs.StringVar((*string)(&f.Dataplane), "dataplane", string(f.Dataplane), "what distributes connections over the replicas: dialer (inside nodrop) or nft (nftables in a network namespace; needs Linux and root)")
	fs.DurationVar(&f.Drain, "drain-timeout", f.Drain, "with --dataplane nft: how long connections to a removed replica may stay open before they are cut; 0 is no limit")
	fs.StringVar(&v.client, "client", "", "with --dataplane nft: shell command of another load generator, which runs instead of nodrop's: 'hey -c 200 -n 50000 -disable-keepalive {url}'")
	v.find = newFindFlags(fs, cli.GroupLab, "find the smallest value with which nothing is lost: of "+strings.Join(findableNames(), ", ")+"; RANGE is FROM..TO/STEP, as in pre-stop=0s..60s/100ms", "SETTING[=RANGE]")
	fs.BoolVar(&v.prove, "prove", false, "run as the replicas stop now (--stop), change what the report names, and run again: is it fixed?")
	fs.IntVar(&v.rounds, "rounds", defaultRounds, "with --prove: "+roundsUsage)
	cli.GroupLab.Hold(fs, "prove", "rounds N", "stop MODE[,MODE...]", "replicas N", "to N", "action NAME", "max-unavailable N", "at WHEN", "propagation DURATION",
		"pre-stop DURATION", "grace DURATION", "settle DURATION", "repeat N", "dataplane NAME", "drain-timeout DURATION")
	cli.GroupGateways.Hold(fs, "gateway NAME", "gateway-bin FILE", "proto NAME", "backend http://HOST:PORT", "path PATH", "client COMMAND")
	cli.Offer(fs, "find", findableNames()...)
	cli.Offer(fs, "stop", gateway.ModeNames()...)
	cli.Offer(fs, "gateway", gateway.Names()...)
	cli.Offer(fs, "proto", gateway.ProtoNames()...)
	cli.Offer(fs, "action", actionScale, actionRestart)
	cli.Offer(fs, "dataplane", string(dataplane.Dialer), string(dataplane.NFT))
	fs.VisitAll(func(f *pflag.Flag) { v.own = append(v.own, f.Name) })
	v.load = cli.NewLoadFlags(fs, lab.DefaultLoad())
	for name, value := range paced {
		fs.Lookup(name).DefValue = value
	}
	for _, flag := range notInLab {
		_ = fs.MarkHidden(flag.name) // fails only for an unknown flag
	}
	return v
}

// Scenario returns the scenario that the flags describe. It reports a chosen
// rate on stderr.
func (v *labFlags) Scenario(stderr io.Writer) (*scenario.Scenario, error) {
	e, err := v.experiment()
	if err != nil {
		return nil, err
	}
	return e.Scenario(stderr), nil
}

// NeedsNamespace reports that the flags ask for a network namespace.
func (v *labFlags) NeedsNamespace() bool { return v.fleet.Dataplane == dataplane.NFT }

// HasClient reports that another load generator should run.
func (v *labFlags) HasClient() bool { return v.set.Changed("client") }

// ClientRuns returns the runs with another load generator, one for each stop mode.
func (v *labFlags) ClientRuns() ([]*lab.ClientRun, error) {
	if _, err := v.check(); err != nil {
		return nil, err
	}
	at, err := v.checkClient()
	if err != nil {
		return nil, err
	}
	e, err := v.experiment()
	if err != nil {
		return nil, err
	}
	return e.ClientRuns(v.client, at), nil
}

// checkClient checks the flags of another load generator. It returns when the
// fleet is to change, from the generator's start.
func (v *labFlags) checkClient() (at time.Duration, err error) {
	v.set.Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(v.own, f.Name) {
			err = &misuse.Error{Problem: cli.Dashed(f.Name) + ": configures nodrop's own load, which --client replaces", Hint: "put it into the client's command"}
		}
	})
	at = 2 * time.Second
	if err == nil && v.set.Changed("at") {
		if at, err = time.ParseDuration(v.at); err != nil || at <= 0 {
			err = &misuse.Error{Problem: fmt.Sprintf("--at %s: nodrop cannot tell how far another client has got", v.at), Hint: "give a time from the client's start, such as --at 2s"}
		}
	}
	switch {
	case err != nil:
		return 0, err
	case !strings.Contains(v.client, lab.URLHole):
		return 0, &misuse.Error{Problem: fmt.Sprintf("--client %q: does not contain %s", v.client, lab.URLHole), Hint: "--client 'hey -c 200 -n 50000 -disable-keepalive {url}'"}
	case !v.NeedsNamespace():
		return 0, &misuse.Error{Problem: "--client: other clients cannot use the dialer", Hint: "--dataplane nft"}
	case v.repeat != 1 || v.settle != 0:
		return 0, errors.New("--repeat, --settle: cannot be combined with --client")
	}
	return at, nil
}

// CheckTarget requests the load's page before anything starts.
func (v *labFlags) CheckTarget(ctx context.Context) error {
	e, err := v.experiment()
	if err != nil {
		return err
	}
	err = e.CheckTarget(ctx)
	failed, ok := errors.AsType[*lab.TargetError](err)
	switch {
	case !ok:
		return err
	case failed.Status == 0:
		return fmt.Errorf("--backend %s: %w", v.backend, failed)
	}
	return &misuse.Error{
		Problem: fmt.Sprintf("--path %s: the test request %s returned status %d", failed.Path, failed.Method, failed.Status),
		Hint:    fmt.Sprintf("--ok %d if the load expects this status", failed.Status),
	}
}

// experiment returns what the flags describe.
func (v *labFlags) experiment() (*lab.Experiment, error) {
	stops, err := v.check()
	if err != nil {
		return nil, err
	}
	e := &lab.Experiment{
		Fleet: v.fleet, Stops: stops, Change: v.change(), Path: v.path, Settle: v.settle, Repeat: v.repeat,
		ChooseRate: !v.set.Changed("q"), ChooseCount: !v.set.Changed("n"),
	}
	if v.backend != "" {
		if e.Fleet.Backend, err = lab.ParseBackend(v.backend); err != nil {
			return nil, &misuse.Error{Problem: "--backend " + err.Error(), Hint: "give the path with --path"}
		}
	}
	if err := e.CheckGateway(); err != nil {
		return nil, err
	}
	if e.At, err = scenario.ParseAt(v.at); err != nil {
		return nil, fmt.Errorf("--at: %w", err)
	}
	v.load.H2, v.load.H2C = v.fleet.Proto == gateway.H2, v.fleet.Proto == gateway.H2C
	e.Load, err = v.load.Config(e.URL())
	return e, err
}

func (v *labFlags) change() lab.Change {
	if v.action == actionRestart {
		return lab.Change{Restart: v.maxUnavailable}
	}
	return lab.Change{Scale: v.to}
}

func (v *labFlags) check() ([]gateway.Mode, error) {
	for _, flag := range notInLab {
		if v.set.Changed(flag.name) {
			return nil, fmt.Errorf("%s: %s", cli.Dashed(flag.name), flag.why)
		}
	}
	for _, check := range []func() error{v.checkNumbers, v.checkAction, v.checkDataplane, v.checkProto} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	switch {
	case v.fleet.Program != "" && v.fleet.Gateway == gateway.Builtin().Name:
		return nil, &misuse.Error{Problem: "--gateway-bin: the builtin gateway is this program", Hint: "--gateway envoy, nginx, haproxy or caddy"}
	case !strings.HasPrefix(v.path, "/"):
		return nil, fmt.Errorf("--path %q: must begin with a slash", v.path)
	}
	return parseStopModes(v.stop)
}

// checkDataplane checks the dataplane and what it needs before anything starts.
func (v *labFlags) checkDataplane() error {
	plane, err := dataplane.Parse(string(v.fleet.Dataplane))
	switch {
	case err != nil:
		return fmt.Errorf("--dataplane: %w", err)
	case v.fleet.Drain < 0:
		return fmt.Errorf("--drain-timeout %v: cannot be negative", v.fleet.Drain)
	case v.fleet.Drain > 0 && plane != dataplane.NFT:
		return &misuse.Error{Problem: "--drain-timeout: the dialer cannot cut connections", Hint: "--dataplane nft"}
	case plane == dataplane.NFT:
		return dataplane.CheckNFT()
	}
	return nil
}

// checkProto refuses settings that the protocol does not have.
func (v *labFlags) checkProto() (err error) {
	if v.fleet.Proto, err = gateway.ParseProto(string(v.fleet.Proto)); err != nil {
		return fmt.Errorf("--proto: %w", err)
	}
	for _, flag := range onlyWith {
		if v.set.Changed(flag.name) && !flag.has(v.fleet.Proto) {
			return &misuse.Error{Problem: fmt.Sprintf("%s: --proto %s has no %s", cli.Dashed(flag.name), v.fleet.Proto, flag.uses), Hint: "--proto " + string(flag.hint)}
		}
	}
	return nil
}

// What --action takes.
const (
	actionScale   = "scale"
	actionRestart = "restart"
)

// checkAction refuses settings of the other action.
func (v *labFlags) checkAction() error {
	switch {
	case v.action != actionScale && v.action != actionRestart:
		return fmt.Errorf("--action %q: want %s or %s", v.action, actionScale, actionRestart)
	case v.action == actionRestart && v.set.Changed("to"):
		return errors.New("--to: a restart does not change the number of replicas")
	case v.action == actionScale && v.set.Changed("max-unavailable"):
		return &misuse.Error{Problem: "--max-unavailable: applies only to a restart", Hint: "--action restart"}
	case v.action == actionRestart && (v.maxUnavailable < 1 || v.maxUnavailable > v.fleet.Replicas):
		return fmt.Errorf("--max-unavailable %d: must be 1 to --replicas %d", v.maxUnavailable, v.fleet.Replicas)
	case v.action == actionScale && v.to < 1:
		return fmt.Errorf("--to %d: at least 1 replica must be left", v.to)
	case v.action == actionScale && v.to >= v.fleet.Replicas:
		return fmt.Errorf("--to %d: must be less than --replicas %d", v.to, v.fleet.Replicas)
	}
	return nil
}

func (v *labFlags) checkNumbers() error {
	switch {
	case v.fleet.Replicas < 2:
		return fmt.Errorf("--replicas %d: at least 2 are needed to take one away", v.fleet.Replicas)
	case v.fleet.Replicas > lab.MaxReplicas:
		return fmt.Errorf("--replicas %d: at most %d processes", v.fleet.Replicas, lab.MaxReplicas)
	case v.fleet.Propagation < 0:
		return fmt.Errorf("--propagation %v: cannot be negative", v.fleet.Propagation)
	case v.fleet.PreStop < 0:
		return fmt.Errorf("--pre-stop %v: cannot be negative", v.fleet.PreStop)
	case v.fleet.Grace < 0:
		return fmt.Errorf("--grace %v: cannot be negative", v.fleet.Grace)
	case v.repeat < 1 || v.repeat > scenario.MaxRepeat:
		return fmt.Errorf("--repeat %d: must be 1 to %d", v.repeat, scenario.MaxRepeat)
	case v.settle < 0:
		return fmt.Errorf("--settle %v: cannot be negative", v.settle)
	}
	return nil
}

// parseStopModes reads a comma-separated list without repetitions.
func parseStopModes(s string) ([]gateway.Mode, error) {
	var modes []gateway.Mode
	seen := map[gateway.Mode]bool{}
	for name := range strings.SplitSeq(s, ",") {
		mode, err := gateway.ParseMode(strings.TrimSpace(name))
		if err != nil {
			return nil, fmt.Errorf("--stop: %w", err)
		}
		if seen[mode] {
			return nil, fmt.Errorf("--stop: %s is given twice", mode)
		}
		seen[mode] = true
		modes = append(modes, mode)
	}
	if len(modes) == 0 {
		return nil, errors.New("--stop: no way to stop given")
	}
	return modes, nil
}
