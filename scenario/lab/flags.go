package lab

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen"
	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
)

// FlagValues holds the values of the lab's flags.
type FlagValues struct {
	set  *pflag.FlagSet
	load *loadgen.FlagValues

	replicas, to, repeat        int
	at, stop, path              string
	gateway, program, backend   string
	action                      string
	maxUnavailable              int
	dataplane, client           string
	drain                       time.Duration
	own                         []string // names of the lab's flags, without the load's
	propagation, preStop, grace time.Duration
	settle                      time.Duration
}

// loadDefaults is the load of the document's example: up to 5,000 requests/s
// for ten seconds. Pace adapts n and q to what this machine can sustain.
var loadDefaults = map[string]string{"n": "50000", "c": "200", "q": "25", "disable-keepalive": "true"}

// paced has the default that help shows for the flags that Pace chooses.
var paced = map[string]string{"n": "50000, or what 10 s take", "q": "25, or what this machine keeps"}

// notInLab are load flags without meaning in a lab, and why.
var notInLab = []struct{ name, why string }{
	{"connect-to", balancerChooses},
	{"dns", balancerChooses},
	{"endpoint-header", balancerChooses},
	{"source", balancerChooses},
	{"x", balancerChooses},
	{"unix-socket", balancerChooses},
	{"insecure", speaksHTTP},
	{"cacert", speaksHTTP},
	{"cert", speaksHTTP},
	{"key", speaksHTTP},
	{"sni", speaksHTTP},
	{"tls-min", speaksHTTP},
}

const (
	balancerChooses = "the lab's balancer chooses the addresses"
	speaksHTTP      = "the lab speaks http"
)

// Flags defines the lab's flags on fs: those of the fleet, and those of the
// load with the lab's defaults.
func Flags(fs *pflag.FlagSet) *FlagValues {
	v := &FlagValues{set: fs}
	o := DefaultOptions()
	fs.IntVar(&v.replicas, "replicas", o.Replicas, "gateway replicas at the start")
	fs.IntVar(&v.to, "to", 1, "replicas left after the scale-in")
	fs.StringVar(&v.at, "at", "40%", "when to scale in: a share of the load (40%), a time (4s) or a request (#20000)")
	fs.StringVar(&v.stop, "stop", "abrupt,graceful", "ways to stop, each a variant: "+strings.Join(gateway.ModeNames(), ", "))
	fs.DurationVar(&v.propagation, "propagation", o.Propagation, "how long the balancer takes to hear of a scale-in")
	fs.DurationVar(&v.preStop, "pre-stop", o.PreStop, "how long a graceful replica goes on accepting before it is told to stop")
	fs.DurationVar(&v.grace, "grace", o.Grace, "how long a replica may take to finish what is in flight")
	fs.DurationVar(&v.settle, "settle", 0, "keep the load up until the event is over and this long has passed: -n is then a minimum")
	fs.IntVar(&v.repeat, "repeat", 1, "how often each way to stop is run, in turns: a difference can be told from chance from 4 on")
	fs.StringVar(&v.path, "path", "/", "what to ask the backend for: /, /status/N, /delay/S, /bytes/N, /stream-bytes/N, /drip")
	fs.StringVar(&v.gateway, "gateway", "builtin", "what the replicas are: "+strings.Join(gateway.Names(), ", "))
	fs.StringVar(&v.program, "gateway-bin", "", "path of the gateway's program, in place of the one on the PATH")
	fs.StringVar(&v.backend, "backend", "", "URL of the server behind the gateways, http://HOST:PORT, in place of our own")
	fs.StringVar(&v.action, "action", "scale", "what happens to the fleet: scale (to --to replicas) or restart (one after the other is replaced)")
	fs.IntVar(&v.maxUnavailable, "max-unavailable", 1, "with --action restart, how many replicas are replaced at a time")
	fs.StringVar(&v.dataplane, "dataplane", string(dataplane.Dialer), "where connections are spread over the replicas: dialer (in this program) or nft (nftables in a network namespace; Linux, root)")
	fs.DurationVar(&v.drain, "drain-timeout", 0, "with --dataplane nft, how long connections to a replica that was taken out go on before they are cut; 0 is for ever")
	fs.StringVar(&v.client, "client", "", "with --dataplane nft, another load generator to run in place of ours, for the shell: 'hey -c 200 -n 50000 -disable-keepalive {url}'")
	fs.VisitAll(func(f *pflag.Flag) { v.own = append(v.own, f.Name) })
	v.load = loadgen.Flags(fs)
	for name, value := range loadDefaults {
		f := fs.Lookup(name)
		_ = f.Value.Set(value) // the table's values parse; a test checks that
		f.DefValue = cmp.Or(paced[name], value)
	}
	for _, flag := range notInLab {
		_ = fs.MarkHidden(flag.name) // fails only for an unknown flag
	}
	return v
}

// Scenario returns the scenario that the flags describe, with a variant for
// each stop mode. It reports a chosen rate on stderr.
func (v *FlagValues) Scenario(stderr io.Writer) (*scenario.Scenario, error) {
	modes, err := v.check()
	if err != nil {
		return nil, err
	}
	at, err := scenario.ParseAt(v.at)
	if err != nil {
		return nil, fmt.Errorf("--at: %w", err)
	}
	host := "gateway"
	if v.NeedsNamespace() {
		host = dataplane.VirtualHost
	}
	cfg, err := v.load.Config("http://" + host + v.path)
	if err != nil {
		return nil, err
	}
	if v.NeedsNamespace() {
		cfg.EndpointHeader = gateway.ReplicaHeader // behind one address, only a response shows its replica
	}
	s := &scenario.Scenario{Streams: []scenario.Stream{{Load: cfg}}, Settle: v.settle, Repeat: v.repeat}
	for _, mode := range modes {
		s.Variants = append(s.Variants, v.variant(mode, at))
	}
	if !v.set.Changed("q") {
		// A step that is due at a request needs that many requests.
		count := !v.set.Changed("n") && at.Request == 0
		pace := &Pace{Options: v.options(modes[0]), Load: cfg, Count: count, Tell: stderr}
		for i := range s.Variants {
			setup := &s.Variants[i].Setup
			*setup = append([]scenario.Action{pace}, *setup...)
		}
	}
	return s, nil
}

// NeedsNamespace reports that the flags ask for a network namespace.
func (v *FlagValues) NeedsNamespace() bool { return v.dataplane == string(dataplane.NFT) }

// HasClient reports that another load generator should run.
func (v *FlagValues) HasClient() bool { return v.set.Changed("client") }

// ClientRuns returns the runs with another load generator, one for each stop mode.
func (v *FlagValues) ClientRuns() ([]*ClientRun, error) {
	modes, err := v.check()
	if err != nil {
		return nil, err
	}
	v.set.Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(v.own, f.Name) {
			err = &misuse.Error{Problem: dashed(f.Name) + ": it is about our own load, and --client is another", Hint: "tell the client's own command"}
		}
	})
	if err != nil {
		return nil, err
	}
	return v.clientRuns(modes)
}

func (v *FlagValues) options(mode gateway.Mode) Options {
	o := Options{
		Replicas: v.replicas, Stop: mode, PreStop: v.preStop, Grace: v.grace, Propagation: v.propagation,
		Gateway: v.gateway, Program: v.program, Dataplane: dataplane.Kind(v.dataplane), Drain: v.drain,
	}
	if v.backend != "" {
		o.Backend, _ = ParseBackend(v.backend) // checkGateway has reported any error
	}
	return o
}

func (v *FlagValues) change() Change {
	if v.action == actionRestart {
		return Change{Restart: v.maxUnavailable}
	}
	return Change{Scale: v.to}
}

// variant starts a fleet and changes it. Abrupt must show a loss, or the run
// missed the event; graceful must not.
func (v *FlagValues) variant(mode gateway.Mode, at scenario.At) scenario.Variant {
	fleet := &FleetAction{Options: v.options(mode)}
	step := scenario.Step{
		Name:   fmt.Sprintf("scale gateway %d → %d (%s)", v.replicas, v.to, mode),
		At:     at,
		Action: &ChangeAction{fleet, v.change()},
	}
	if v.action == actionRestart {
		step.Name = fmt.Sprintf("restart %d gateways, %d at a time (%s)", v.replicas, v.maxUnavailable, mode)
	}
	variant := scenario.Variant{
		Name:     string(mode),
		Setup:    []scenario.Action{fleet},
		Timeline: []scenario.Step{step},
	}
	switch mode {
	case gateway.Abrupt:
		variant.Require = []string{"lost > 0"}
	case gateway.Graceful:
		variant.Expect = []string{"lost == 0"}
	case gateway.Naive: // its losses depend on the propagation delay: reported, not judged
	}
	return variant
}

func (v *FlagValues) check() ([]gateway.Mode, error) {
	for _, flag := range notInLab {
		if v.set.Changed(flag.name) {
			return nil, fmt.Errorf("%s: %s", dashed(flag.name), flag.why)
		}
	}
	for _, check := range []func() error{v.checkNumbers, v.checkAction, v.checkGateway, v.checkDataplane} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	if !strings.HasPrefix(v.path, "/") {
		return nil, fmt.Errorf("--path %q: must begin with a slash", v.path)
	}
	return parseStopModes(v.stop)
}

// checkDataplane checks the dataplane and what it needs before anything starts.
func (v *FlagValues) checkDataplane() error {
	plane, err := dataplane.Parse(v.dataplane)
	switch {
	case err != nil:
		return fmt.Errorf("--dataplane: %w", err)
	case v.drain < 0:
		return fmt.Errorf("--drain-timeout %v: cannot be negative", v.drain)
	case v.drain > 0 && plane != dataplane.NFT:
		return &misuse.Error{Problem: "--drain-timeout: the dialer cannot cut connections", Hint: "--dataplane nft"}
	case plane == dataplane.NFT:
		return dataplane.CheckNFT()
	}
	return nil
}

// dashed returns a flag as written on the command line.
func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// What --action takes.
const (
	actionScale   = "scale"
	actionRestart = "restart"
)

// checkAction refuses settings of the other action.
func (v *FlagValues) checkAction() error {
	switch {
	case v.action != actionScale && v.action != actionRestart:
		return fmt.Errorf("--action %q: want %s or %s", v.action, actionScale, actionRestart)
	case v.action == actionRestart && v.set.Changed("to"):
		return errors.New("--to: a restart leaves as many replicas as there are")
	case v.action == actionScale && v.set.Changed("max-unavailable"):
		return &misuse.Error{Problem: "--max-unavailable: a scale-in takes all away at once", Hint: "--action restart"}
	case v.action == actionRestart && (v.maxUnavailable < 1 || v.maxUnavailable > v.replicas):
		return fmt.Errorf("--max-unavailable %d: must be 1 to --replicas %d", v.maxUnavailable, v.replicas)
	case v.action == actionScale && v.to < 1:
		return fmt.Errorf("--to %d: at least 1 replica must be left", v.to)
	case v.action == actionScale && v.to >= v.replicas:
		return fmt.Errorf("--to %d: not fewer than --replicas %d", v.to, v.replicas)
	}
	return nil
}

// checkGateway checks the backend's URL and finds the gateway's program before
// anything starts.
func (v *FlagValues) checkGateway() error {
	if v.backend != "" {
		if _, err := ParseBackend(v.backend); err != nil {
			return &misuse.Error{Problem: "--backend " + err.Error(), Hint: "--path chooses the page"}
		}
	}
	if v.program != "" && v.gateway == gateway.Builtin().Name {
		return &misuse.Error{Problem: "--gateway-bin: the builtin gateway is this program", Hint: "--gateway envoy, nginx, haproxy or caddy"}
	}
	o := Options{Gateway: v.gateway, Program: v.program}
	return o.check()
}

func (v *FlagValues) checkNumbers() error {
	switch {
	case v.replicas < 2:
		return fmt.Errorf("--replicas %d: at least 2 are needed to take one away", v.replicas)
	case v.replicas > MaxReplicas:
		return fmt.Errorf("--replicas %d: at most %d processes", v.replicas, MaxReplicas)
	case v.propagation < 0:
		return fmt.Errorf("--propagation %v: cannot be negative", v.propagation)
	case v.preStop < 0:
		return fmt.Errorf("--pre-stop %v: cannot be negative", v.preStop)
	case v.grace < 0:
		return fmt.Errorf("--grace %v: cannot be negative", v.grace)
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
			return nil, fmt.Errorf("--stop: %s is named twice", mode)
		}
		seen[mode] = true
		modes = append(modes, mode)
	}
	if len(modes) == 0 {
		return nil, errors.New("--stop: no way to stop named")
	}
	return modes, nil
}
