package cli

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/cli/clitest"
	"nodrop/report/diagnosis"
	"nodrop/scenario/lab/gateway"
)

// front is a gateway in front of an upstream, and how it stops.
type front struct {
	process
	finish string // the signal at which it closes its listener and finishes requests; "" = none does
}

// fronts are the gateways that a run may have: those of the lab, and Apache.
var fronts = []string{"nginx", "haproxy", "caddy", "envoy", "apache"}

// finishing are those that finish requests at a signal.
var finishing = map[string]string{"nginx": "QUIT", "haproxy": "USR1", "caddy": "TERM"}

// oneOf draws a word.
func (s *site) oneOf(list ...string) string { return list[s.Intn(len(list))] }

// front returns a gateway of a kind. After the signal to finish, requests in
// flight have as long as grace.
func (s *site) front(kind, upstream string, grace time.Duration) front {
	s.t.Helper()
	f := front{process: process{name: "gateway", address: s.address()}, finish: finishing[kind]}
	dir := clitest.NewDir(s.t)
	if kind == "apache" {
		file := filepath.Join(dir, "apache.conf")
		clitest.WriteConf(s.t, file, apacheConfig, "DIR", dir, "LISTEN", f.address, "UPSTREAM", upstream, "MODULES", "/usr/lib/apache2/modules")
		f.argv = []string{clitest.Tool(s.t, "apache2"), "-f", file, "-DFOREGROUND"}
		return f
	}
	g, err := gateway.Parse(kind)
	if err != nil {
		s.t.Fatal(err)
	}
	program, err := g.Find("")
	if err != nil {
		s.t.Fatal(err)
	}
	place := &gateway.Site{
		Name: "gateway", Dir: dir, Listen: netip.MustParseAddrPort(f.address), Admin: netip.MustParseAddrPort(s.address()), Backend: upstream,
		Terms: gateway.Terms{Stop: gateway.Naive, Grace: grace, Idle: time.Hour},
	}
	cmd, err := g.Command(program, place)
	if err != nil {
		s.t.Fatal(err)
	}
	f.argv, f.env = cmd.Args, map[string]string{}
	for _, assignment := range g.SetUp(place).Env {
		name, value, _ := strings.Cut(assignment, "=")
		f.env[name] = value
	}
	return f
}

// apacheConfig has one process, so that its threads share the connections to the
// upstream, and asks at the upstream again as soon as a request failed.
const apacheConfig = `
ServerRoot DIR
ServerName 127.0.0.1
Listen LISTEN
PidFile DIR/pid
DefaultRuntimeDir DIR
ErrorLog /dev/stderr
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule proxy_module MODULES/mod_proxy.so
LoadModule proxy_http_module MODULES/mod_proxy_http.so
User #65534
Group #65534
StartServers 1
ServerLimit 1
ThreadsPerChild 64
MaxRequestWorkers 64
MaxKeepAliveRequests 0
KeepAliveTimeout 3600
ProxyPass / http://UPSTREAM/ retry=0
`

// gatewayKinds are runs of real gateways.
var gatewayKinds = []runKind{
	{"fleet stopped abruptly", true, abruptFleet},
	{"fleet stopped abruptly, long responses", false, abruptFleetWithLongResponses},
	{"fleet closes its listeners at once", false, naiveFleet},
	{"fleet with a short grace period", false, naiveFleetWithShortGrace},
	{"fleet stopped gracefully", false, gracefulFleet},
	{"gateway ends at once", false, gatewayEnds},
	{"gateway cuts after its timer", false, gatewayCutsAfterItsTimer},
	{"gateway killed after its grace period", false, gatewayKilledAfterGrace},
	{"upstream gone for a while", true, upstreamGone},
	{"upstream moved", false, upstreamMoved},
	{"upstream closes idle connections", false, upstreamClosesIdle},
	{"nothing happens", true, quietGateway},
	{"application server leaves its queue", false, appServerLeavesQueue},
	{"drain timeout of the balancer", false, drainTimeout},
	{"packets dropped", false, packetsDropped},
}

// fleet returns the arguments of a run in which a fleet of a drawn gateway is
// scaled in to one replica.
func (s *site) fleet(load, url, stop, settings string) (gw string, args []string) {
	gw = s.oneOf(gateway.Names()...)
	return gw, s.args(scene{
		load:  fmt.Sprintf("%s, url: %q", load, url),
		extra: fmt.Sprintf("lab: {start: {gateway: %s, stop: %s, replicas: 3, %s}}", gw, stop, settings),
		steps: []string{"name: scale in, at: 1500ms, lab: {scale: 1}"},
	})
}

// heardLate: replicas leave before the balancer has heard of it.
var heardLate = cause{diagnosis.ClosedBeforeRemoved, refusals}

// abruptFleet: replicas exit at once, and the balancer hears of it later.
func abruptFleet(s *site) drawn {
	gw, args := s.fleet("connections: 20, rate: 10, keep-alive: false", "http://gateway/", "abrupt", fmt.Sprint("propagation: ", s.between(200*ms, 700*ms)))
	return drawn{on: gw, causes: []cause{heardLate}, args: args}
}

// abruptFleetWithLongResponses: the same, with requests in flight.
func abruptFleetWithLongResponses(s *site) drawn {
	url := fmt.Sprintf("http://gateway/delay/%.1f", s.between(400*ms, 900*ms).Seconds())
	gw, args := s.fleet("connections: 40, rate: 1, keep-alive: false", url, "abrupt", fmt.Sprint("propagation: ", s.between(5*ms, 20*ms)))
	return drawn{on: gw, causes: []cause{{diagnosis.CutAtExit, cuts}}, also: []cause{heardLate}, args: args}
}

// naiveFleet: replicas finish what is in flight, but close their listeners at
// once.
func naiveFleet(s *site) drawn {
	gw, args := s.fleet("connections: 20, rate: 10, keep-alive: false", "http://gateway/delay/0.05", "naive", fmt.Sprintf("grace: 5s, propagation: %v", s.between(200*ms, 700*ms)))
	return drawn{on: gw, causes: []cause{heardLate}, args: args}
}

// naiveFleetWithShortGrace: requests take longer than they are given. What cuts
// them, after that time, is the gateway's own limit or its exit.
func naiveFleetWithShortGrace(s *site) drawn {
	gw, args := s.fleet("connections: 40, keep-alive: false, rate: 1", "http://gateway/delay/1.5", "naive", fmt.Sprintf("grace: %v, propagation: 0s", s.between(300*ms, 800*ms)))
	return drawn{
		on:     gw,
		causes: []cause{{diagnosis.GraceTimer, cuts | errs}, {diagnosis.CutAtExit, cuts}, {diagnosis.KilledAfterGrace, cuts}},
		also:   []cause{heardLate}, args: args,
	}
}

// gracefulFleet: replicas accept for longer than the balancer needs.
func gracefulFleet(s *site) drawn {
	gw, args := s.fleet("connections: 20, rate: 10, keep-alive: false", "http://gateway/", "graceful", fmt.Sprintf("pre-stop: 1s, grace: 5s, propagation: %v", s.between(20*ms, 100*ms)))
	return drawn{on: gw, args: args}
}

// gatewayEnds: it gets KILL, or a signal at which it exits at once, with requests
// in flight; half the time, another server stays, and the balancer goes on
// sending to both.
func gatewayEnds(s *site) drawn {
	kind := s.oneOf(fronts...)
	signal := "KILL"
	if finishing[kind] != "TERM" && kind != "envoy" {
		signal = "TERM" // KILL leaves workers of nginx and Apache that serve on
	}
	app := s.server("app", s.address(), "-delay %s", s.between(200*ms, 500*ms))
	gw := s.front(kind, app.address, time.Minute)
	d := drawn{on: kind + ", " + signal, causes: []cause{{diagnosis.CutAtExit, cuts}}, also: stillInBalancer}
	to := []string{gw.address}
	if s.Intn(2) == 0 {
		d.on, to = d.on+", another stays", append(to, app.address)
	}
	d.args = s.args(scene{
		load: "connections: 20, rate: 3, keep-alive: false", to: to, setup: []process{app, gw.process},
		steps: []string{fmt.Sprintf("name: end it, at: 1500ms, signal: {process: gateway, name: %s, gone: 10s}", signal)},
	})
	return d
}

// gatewayCutsAfterItsTimer: its own drain timeout is shorter than the responses.
func gatewayCutsAfterItsTimer(s *site) drawn {
	kind := s.oneOf("nginx", "haproxy", "caddy") // Apache counts whole seconds, and not exactly
	app := s.server("app", s.address(), "-delay 1600ms")
	gw := s.front(kind, app.address, s.between(300*ms, 900*ms))
	return drawn{
		on:     kind,
		causes: []cause{{diagnosis.GraceTimer, cuts | errs}, {diagnosis.CutAtExit, cuts}},
		args: s.args(scene{
			load: "connections: 30, rate: 3, keep-alive: false", to: []string{gw.address}, setup: []process{app, gw.process},
			steps: []string{fmt.Sprintf("name: stop it, at: 2s, signal: {process: gateway, name: %s, gone: 10s}", gw.finish)},
		}),
	}
}

// gatewayKilledAfterGrace: it would finish, but whoever stops it does not wait.
func gatewayKilledAfterGrace(s *site) drawn {
	kind := s.oneOf("haproxy", "caddy")
	app := s.server("app", s.address(), "-delay 1600ms")
	gw := s.front(kind, app.address, time.Minute)
	return drawn{
		on:     kind,
		causes: []cause{{diagnosis.KilledAfterGrace, cuts}},
		args: s.args(scene{
			load: "connections: 30, rate: 3, keep-alive: false", to: []string{gw.address}, setup: []process{app, gw.process},
			steps: []string{fmt.Sprintf("name: stop it, at: 2s, stop: {process: gateway, signal: %s, grace: %v}", gw.finish, s.between(300*ms, 900*ms))},
		}),
	}
}

// upstreamGone: the only upstream of a gateway is stopped, and started anew.
func upstreamGone(s *site) drawn {
	kind := s.oneOf(fronts...)
	app := s.server("app", s.address(), "-delay 10ms")
	gw := s.front(kind, app.address, time.Minute)
	return drawn{
		on:     kind,
		causes: []cause{{diagnosis.NoUpstreamLeft, errs}},
		args: s.args(scene{
			load: fmt.Sprintf("connections: 10, rate: 20, keep-alive: %t", s.Intn(2) == 0), to: []string{gw.address}, setup: []process{app, gw.process},
			steps: []string{"name: stop app, at: 1200ms, stop: {process: app}", fmt.Sprintf("after: stop app + %v, %s", s.between(500*ms, 1200*ms), renamed(app, "new").start())},
		}),
	}
}

// upstreamMoved: the only upstream is replaced by one at another address, of
// which the gateway is not told.
func upstreamMoved(s *site) drawn {
	kind := s.oneOf(fronts...)
	app := s.server("app", s.address(), "-delay 10ms")
	gw := s.front(kind, app.address, time.Minute)
	return drawn{
		on:     kind,
		causes: []cause{{diagnosis.StaleUpstream, errs}}, also: []cause{{diagnosis.NoUpstreamLeft, errs}},
		args: s.args(scene{
			load: fmt.Sprintf("connections: 10, rate: 20, keep-alive: %t", s.Intn(2) == 0), to: []string{gw.address}, setup: []process{app, gw.process},
			steps: []string{"name: stop app, at: 1200ms, stop: {process: app}", "after: stop app, " + s.server("new", s.address(), "-delay 10ms").start()},
		}),
	}
}

// upstreamClosesIdle: nothing happens, but the upstream closes connections that
// were idle for as long as the time between two requests, and is at times too
// busy to see that one has arrived. One client sends them, so that the gateway
// has one connection, which is idle in between.
func upstreamClosesIdle(s *site) drawn {
	kind := s.oneOf(fronts...)
	app := s.server("app", s.address(), "-idle %s -busy %d", s.between(42*ms, 47*ms), 20+s.Intn(20))
	gw := s.front(kind, app.address, time.Minute)
	return drawn{
		on:     kind,
		causes: []cause{{diagnosis.UpstreamIdleTimeout, errs}},
		args:   s.plain(gw.address, []process{app, gw.process}, "-c", "1", "-q", "25", "-m", "POST", "-d", "x", "-disable-keepalive"),
	}
}

// quietGateway: nothing happens.
func quietGateway(s *site) drawn {
	kind := s.oneOf(fronts...)
	app := s.server("app", s.address(), "-delay %s", s.between(0, 50*ms))
	gw := s.front(kind, app.address, time.Minute)
	flags := []string{"-c", "20", "-q", "10"}
	if s.Intn(2) == 0 {
		flags = append(flags, "-disable-keepalive")
	}
	return drawn{on: kind, args: s.plain(gw.address, []process{app, gw.process}, flags...)}
}

// appServerLeavesQueue: a worker of gunicorn ends after its request; what waits
// in the queue of its listener is reset.
func appServerLeavesQueue(s *site) drawn {
	dir, address := clitest.NewDir(s.t), s.address()
	clitest.WriteFile(s.t, filepath.Join(dir, "app.py"), fmt.Appendf(nil, `import time
def app(env, start):
    time.sleep(%.2f)
    start("200 OK", [("Content-Length", "3")])
    return [b"ok\n"]
`, s.between(80*ms, 150*ms).Seconds()))
	app := process{name: "app", address: address, argv: []string{clitest.Tool(s.t, "gunicorn"), "-w", "1", "-b", address, "--chdir", dir, "--worker-tmp-dir", dir, "app:app"}}
	return drawn{
		causes: []cause{{diagnosis.AcceptQueueReset, cuts}},
		args: s.args(scene{
			load: "connections: 20, rate: 1, keep-alive: false", to: []string{address}, setup: []process{app},
			steps: []string{"name: stop it, at: 2100ms, signal: {process: app, name: TERM, gone: 10s}"},
		}),
	}
}

// drainTimeout: replicas would serve on, but the balancer cuts what is open.
func drainTimeout(s *site) drawn {
	clitest.NeedsNamespaces(s.t) // the lab makes its own
	return drawn{
		causes: []cause{{diagnosis.DrainCut, cuts | silences}}, // what is cut meets silence
		args: []string{
			"lab", "--dataplane", "nft", "--stop", "graceful", "--pre-stop", "2500ms", "--grace", "5s", "--replicas", "3", "--path", "/delay/3",
			"--drain-timeout", s.between(300*ms, 900*ms).String(), "-n", "60", "-c", "30", "-q", "0", "-t", "4", "--at", "1s",
		},
	}
}

// packetsDropped: for a while, nothing that is sent to the server arrives.
func packetsDropped(s *site) drawn {
	app := s.server("app", s.address(), "")
	_, port, _ := strings.Cut(app.address, ":")
	rule := fmt.Sprintf("nft add table ip t && nft add chain ip t c '{type filter hook input priority 0;}' && nft add rule ip t c tcp dport %s drop", port)
	return drawn{
		causes:      []cause{{diagnosis.PacketsDropped, silences}},
		inNamespace: true,
		args: s.args(scene{
			load: "connections: 20, rate: 5, keep-alive: false, timeout: 400ms", to: []string{app.address}, setup: []process{app},
			steps: []string{
				"name: drop, at: 1500ms, exec: " + strconv.Quote(rule),
				fmt.Sprintf("name: let through, after: drop + %v, exec: nft delete table ip t", s.between(600*ms, 1000*ms)),
			},
		}),
	}
}
