package file

import (
	"cmp"
	"net/url"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/lab"
	"nodrop/scenario/lab/gateway"
)

// started is what the steps of a variant read so far have started. Later steps
// refer to it by name.
type started struct {
	processes map[string]bool
	fleet     *lab.FleetAction // nil for none
	fleetAt   *yaml.Node       // where it begins; nil if it has faults
}

func newStarted() *started { return &started{processes: map[string]bool{}} }

func (r *reader) lab(n *yaml.Node, part string, started *started) scenario.Action {
	before := len(r.faults)
	var given []string
	change := &lab.ChangeAction{Fleet: started.fleet}
	var fleet *lab.FleetAction
	r.mapping(n, "lab", []field{
		{"start", func(n *yaml.Node) {
			given = append(given, "start")
			fleet = r.fleet(n)
		}},
		{"scale", func(n *yaml.Node) {
			given = append(given, "scale")
			change.Scale = r.number(n, "scale", 1, lab.MaxReplicas)
		}},
		{"restart", func(n *yaml.Node) {
			given = append(given, "restart")
			change.Restart = r.number(n, "restart", 1, lab.MaxReplicas)
		}},
	})
	switch {
	case len(r.faults) > before:
	case len(given) != 1:
		r.fault(n, "lab needs exactly one of start, scale (how many replicas to keep) and restart (how many at a time)")
	case fleet != nil && part != "setup":
		r.fault(n, "lab: start is allowed only in setup: the load needs the fleet from the beginning")
	case fleet != nil && started.fleet != nil:
		r.fault(n, "lab: an earlier step already starts a fleet")
	case fleet == nil && started.fleet == nil:
		r.fault(n, "lab: no earlier step starts a fleet")
	case fleet == nil && change.Scale >= started.fleet.Replicas:
		r.fault(n, "lab: scale: %d is not fewer than the fleet's %d replicas", change.Scale, started.fleet.Replicas)
	case fleet == nil && change.Restart > started.fleet.Replicas:
		r.fault(n, "lab: restart: %d at a time is more than the fleet's %d replicas", change.Restart, started.fleet.Replicas)
	}
	if fleet != nil {
		started.fleet = fleet
		if len(r.faults) == before {
			started.fleetAt = n
		}
		return fleet
	}
	return change
}

// checkSpeech rejects loads that do not speak what the fleet does. Over TLS they may
// differ, because both sides agree on what to speak.
func (r *reader) checkSpeech(started *started, streams []scenario.Stream) {
	if started.fleetAt == nil {
		return
	}
	proto := cmp.Or(started.fleet.Proto, gateway.H1)
	for i := range streams {
		load, what := &streams[i].Load, "the load"
		if name := streams[i].Name; name != "" {
			what = "load " + name
		}
		u, err := url.Parse(load.URL)
		switch h2c := load.HTTP2 == loadgen.H2C; {
		case err != nil || u.Scheme == "": // it has its fault already
		case u.Scheme != proto.Scheme():
			r.fault(started.fleetAt, "lab: start: with proto %s, the URL of %s must begin with %s://", proto, what, proto.Scheme())
		case h2c != (proto == gateway.H2C):
			r.fault(started.fleetAt, "lab: start: with proto %s, %s needs h2c: %t", proto, what, !h2c)
		}
	}
}

// fleet reads the settings that nodrop lab has as flags, with the same
// defaults.
func (r *reader) fleet(n *yaml.Node) *lab.FleetAction {
	f := &lab.FleetAction{Options: lab.DefaultOptions()}
	name := func(to *string, what string, check func(string) error) func(*yaml.Node) {
		return func(n *yaml.Node) {
			*to = r.plain(n, what)
			if *to == "" || check == nil {
				return
			}
			if err := check(*to); err != nil {
				r.fault(n, "%s: %v", what, err)
			}
		}
	}
	stop := string(f.Stop)
	r.mapping(n, "start", []field{
		{"replicas", func(n *yaml.Node) { f.Replicas = r.number(n, "replicas", 2, lab.MaxReplicas) }},
		{"stop", name(&stop, "stop", func(text string) error {
			_, err := gateway.ParseMode(text)
			return err
		})},
		{"pre-stop", func(n *yaml.Node) { f.PreStop = r.duration(n, "pre-stop", 0) }},
		{"grace", func(n *yaml.Node) { f.Grace = r.duration(n, "grace", time.Millisecond) }},
		{"propagation", func(n *yaml.Node) { f.Propagation = r.duration(n, "propagation", 0) }},
		{"gateway", name(&f.Gateway, "gateway", func(text string) error {
			_, err := gateway.Parse(text)
			return err
		})},
		{"proto", name((*string)(&f.Proto), "proto", func(text string) error {
			_, err := gateway.ParseProto(text)
			return err
		})},
		{"gateway-bin", name(&f.Program, "gateway-bin", nil)},
		{"backend", func(n *yaml.Node) {
			text := r.text(n, "backend")
			if text == "" {
				return
			}
			var err error
			if f.Backend, err = lab.ParseBackend(text); err != nil {
				r.fault(n, "backend: %v", err)
			}
		}},
	})
	f.Stop = gateway.Mode(stop)
	return f
}
