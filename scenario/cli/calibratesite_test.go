package cli

import (
	"bytes"
	"fmt"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen/cli/clitest"
	"nodrop/report/diagnosis"
)

// site is where one run takes place: it draws the run's numbers, and makes its
// files and addresses.
type site struct {
	t *testing.T
	*rand.Rand
}

// between draws a time, in whole milliseconds.
func (s *site) between(least, most time.Duration) time.Duration {
	return least + time.Duration(s.Int63n(int64((most-least)/time.Millisecond)))*time.Millisecond
}

func (s *site) address() string {
	s.t.Helper()
	return "127.0.0.1:" + strconv.Itoa(clitest.FreePort(s.t))
}

// process is a program that a scenario starts.
type process struct {
	name, address string // where it listens
	argv          []string
	env           map[string]string
}

// server returns one of our own servers; flags are those of runCalibrateServer.
func (s *site) server(name, address, flags string, values ...any) process {
	s.t.Helper()
	self, err := os.Executable()
	if err != nil {
		s.t.Fatal(err)
	}
	argv := append([]string{self, calibrateServer, "-listen", address}, strings.Fields(fmt.Sprintf(flags, values...))...)
	return process{name: name, address: address, argv: argv}
}

// start is the part of a step that starts the process.
func (p process) start() string {
	var argv, env []string
	for _, word := range p.argv {
		argv = append(argv, strconv.Quote(word))
	}
	for name, value := range p.env {
		env = append(env, fmt.Sprintf("%s: %q", name, value))
	}
	return fmt.Sprintf(`name: %s, start: {argv: [%s], env: {%s}, ready: {tcp: %q, every: 5ms}}`, p.name, strings.Join(argv, ", "), strings.Join(env, ", "), p.address)
}

// scene is a scenario: processes, a load on some of them, and steps.
type scene struct {
	load  string // settings of the load, but for its length and addresses
	to    []string
	setup []process
	steps []string // of the timeline, without braces
	extra string   // a step of the set-up besides processes, without braces
}

const ms = time.Millisecond

// stillInBalancer: the load keeps using an address whose server is gone.
var stillInBalancer = []cause{{diagnosis.ClosedBeforeRemoved, refusals}}

// sceneTime is how long the load of a scene lasts.
const sceneTime = 4 * time.Second

// args writes the scenario and returns what nodrop runs it with.
func (s *site) args(c scene) []string {
	s.t.Helper()
	var b strings.Builder
	var to []string
	for _, address := range c.to {
		to = append(to, strconv.Quote("gw:80:"+address))
	}
	fmt.Fprintf(&b, "name: calibrate\ntarget: http://gw/\nload: {%s, duration: %s", c.load, sceneTime)
	if len(to) > 0 { // a fleet has its own
		fmt.Fprintf(&b, ", connect-to: [%s]", strings.Join(to, ", "))
	}
	fmt.Fprint(&b, "}\nsettle: 300ms\nsetup:\n")
	for _, p := range c.setup {
		fmt.Fprintf(&b, "  - {%s}\n", p.start())
	}
	if c.extra != "" {
		fmt.Fprintf(&b, "  - {%s}\n", c.extra)
	}
	fmt.Fprint(&b, "timeline:\n")
	for _, step := range c.steps {
		fmt.Fprintf(&b, "  - {%s}\n", step)
	}
	file := filepath.Join(s.t.TempDir(), "scenario.yaml")
	clitest.WriteFile(s.t, file, []byte(b.String()))
	return []string{"scenario", "run", file}
}

// plain starts processes and returns what nodrop loads one of them with. There is
// no event: nodrop knows of no process.
func (s *site) plain(address string, list []process, flags ...string) []string {
	s.t.Helper()
	for _, p := range list {
		var said bytes.Buffer
		cmd := exec.Command(p.argv[0], p.argv[1:]...)
		cmd.Env, cmd.Stdout, cmd.Stderr = os.Environ(), &said, &said
		for name, value := range p.env {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		if err := cmd.Start(); err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() {
			_ = cmd.Process.Signal(syscall.SIGTERM) // ends workers, too
			_ = cmd.Wait()
			if s.t.Failed() {
				s.t.Logf("%s: %v\n%s", p.name, cmd.ProcessState, &said)
			}
		})
		clitest.Await(s.t, p.name+" accepts", func() bool {
			c, err := net.Dial("tcp", p.address)
			if err == nil {
				_ = c.Close()
			}
			return err == nil
		})
	}
	return append(slices.Clone(flags), "-z", sceneTime.String(), "http://"+address+"/")
}

// serverKinds are runs of our own servers, at an address of their own.
var serverKinds = []runKind{
	{"exits at SIGTERM", true, serverExits},
	{"ignores SIGTERM", true, serverIgnores},
	{"cuts requests after its own timer", true, serverTimer},
	{"refuses while it drains", true, serverRefuses},
	{"stopped before its successor starts", true, serverRecreated},
	{"not found until it has its routes", true, serverCold404},
	{"slow in its first second", true, serverColdSlow},
}

func serverExits(s *site) drawn {
	app := s.server("app", s.address(), "-mode exit -delay %s", s.between(200*ms, 500*ms))
	return drawn{
		causes: []cause{{diagnosis.CutAtExit, cuts}},
		args: s.args(scene{
			load: "connections: 20, rate: 3, keep-alive: false", to: []string{app.address}, setup: []process{app},
			steps: []string{`name: stop it, at: 1500ms, signal: {process: app, name: TERM, gone: 10s}`},
		}),
	}
}

func serverIgnores(s *site) drawn {
	app := s.server("app", s.address(), "-mode ignore -delay %s", s.between(100*ms, 400*ms))
	return drawn{
		causes: []cause{{diagnosis.IgnoredSIGTERM, cuts}, {diagnosis.KilledAfterGrace, cuts}},
		args: s.args(scene{
			load: "connections: 20, rate: 3, keep-alive: false", to: []string{app.address}, setup: []process{app},
			steps: []string{fmt.Sprintf(`name: stop it, at: 1500ms, stop: {process: app, grace: %s}`, s.between(500*ms, 1500*ms))},
		}),
	}
}

func serverTimer(s *site) drawn {
	app := s.server("app", s.address(), "-mode timer -delay 1500ms -grace %s", s.between(300*ms, 900*ms))
	return drawn{
		causes: []cause{{diagnosis.GraceTimer, cuts}},
		args: s.args(scene{
			load: "connections: 20, keep-alive: false, rate: 10", to: []string{app.address}, setup: []process{app},
			steps: []string{`name: stop it, at: 2s, signal: {process: app, name: TERM, gone: 10s}`},
		}),
	}
}

func serverRefuses(s *site) drawn {
	app, other := s.server("app", s.address(), "-mode refuse -grace %s", s.between(300*ms, 1000*ms)), s.server("other", s.address(), "")
	return drawn{
		causes: []cause{{diagnosis.RefusedWhenDraining, errs}}, also: stillInBalancer,
		args: s.args(scene{
			load: "connections: 10, rate: 20, keep-alive: false", to: []string{app.address, other.address}, setup: []process{app, other},
			steps: []string{`name: stop it, at: 1500ms, signal: {process: app, name: TERM, gone: 10s}`},
		}),
	}
}

func serverRecreated(s *site) drawn {
	app := s.server("app", s.address(), "")
	return drawn{
		causes: []cause{{diagnosis.Recreated, refusals | cuts}},
		args: s.args(scene{
			load: "connections: 10, rate: 20, keep-alive: false", to: []string{app.address}, setup: []process{app},
			steps: []string{`name: stop it, at: 1500ms, stop: {process: app}`, "at: 2100ms, " + renamed(app, "new").start()},
		}),
	}
}

func serverCold404(s *site) drawn {
	app, other := s.server("app", s.address(), ""), s.server("other", s.address(), "")
	cold := s.server("new", app.address, "-warm %s -status 404", s.between(300*ms, 1200*ms))
	return drawn{
		causes: []cause{{diagnosis.ReadyTooEarly, errs}},
		args: s.args(scene{
			load: "connections: 10, rate: 20, keep-alive: false", to: []string{app.address, other.address}, setup: []process{app, other},
			steps: []string{`name: stop it, at: 1500ms, stop: {process: app}`, "after: stop it, " + cold.start()},
		}),
	}
}

func serverColdSlow(s *site) drawn {
	app, other := s.server("app", s.address(), ""), s.server("other", s.address(), "")
	cold := s.server("new", app.address, "-warm %s", s.between(600*ms, 1200*ms))
	return drawn{
		causes: []cause{{diagnosis.ColdStart, silences}, {diagnosis.ReadyTooEarly, silences}},
		args: s.args(scene{
			load: "connections: 40, rate: 5, timeout: 700ms, keep-alive: false", to: []string{app.address, other.address}, setup: []process{app, other},
			steps: []string{`name: stop it, at: 1500ms, stop: {process: app}`, "after: stop it, " + cold.start()},
		}),
	}
}

func renamed(p process, name string) process {
	p.name = name
	return p
}
