package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"text/template"
	"time"

	"nodrop/loadgen/cli/clitest"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis"
)

var (
	calibrateRuns = flag.Int("calibrate.runs", 0, "real runs with a known cause; 0 = one of each")
	calibrateSeed = flag.Int64("calibrate.seed", 1, "what draws their causes and numbers")
)

// calibrateServer is the hidden argument that makes the test binary a server
// that stops, or starts, in the way of one cause.
const calibrateServer = "calibrate-server"

// serverFlags are the ways in which a server goes and comes.
type serverFlags struct {
	listen, mode       string
	delay, grace, warm time.Duration
	status             int
}

// runCalibrateServer serves until its mode says otherwise, and returns the exit
// code.
func runCalibrateServer(args []string) int {
	var o serverFlags
	set := flag.NewFlagSet(calibrateServer, flag.ContinueOnError)
	set.StringVar(&o.listen, "listen", "", "address")
	set.StringVar(&o.mode, "mode", "graceful", "what SIGTERM does: graceful, exit, ignore, timer, refuse")
	set.DurationVar(&o.delay, "delay", 0, "how long a response takes")
	set.DurationVar(&o.grace, "grace", 0, "of the modes timer and refuse")
	set.DurationVar(&o.warm, "warm", 0, "how long after its start it responds with status, or slowly if that is 0")
	set.IntVar(&o.status, "status", 0, "during -warm")
	if err := set.Parse(args); err != nil {
		return 2
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var draining atomic.Bool
	started := time.Now()
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		delay := o.delay
		switch cold := time.Since(started) < o.warm; {
		case draining.Load(), cold && o.status != 0:
			status := o.status
			if draining.Load() {
				status = http.StatusServiceUnavailable
			}
			w.WriteHeader(status)
			return
		case cold:
			delay = 5 * time.Second
		}
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
		}
		fmt.Fprintln(w, "ok")
	})}
	go func() { _ = server.Serve(l) }()
	for range stop {
		switch o.mode {
		case "ignore":
			continue
		case "exit":
			return 0
		case "timer":
			ctx, cancel := context.WithTimeout(context.Background(), o.grace)
			if err := server.Shutdown(ctx); errors.Is(err, context.DeadlineExceeded) {
				_ = server.Close()
			}
			cancel()
			time.Sleep(500 * time.Millisecond) // it lives on: what ends the requests is its timer
			return 0
		case "refuse":
			draining.Store(true)
			time.Sleep(o.grace)
		}
		_ = server.Shutdown(context.Background())
		return 0
	}
	return 0
}

// drawn is what one real run is about.
type drawn struct {
	name   string
	causes []diagnosis.Code
	// load and steps are parts of a scenario; see calibrateScenario for their
	// words.
	load, server, second, steps string
}

// drawables are the kinds of real run. Each draws its numbers.
var drawables = []func(*rand.Rand) drawn{
	func(r *rand.Rand) drawn {
		return drawn{
			"exits at SIGTERM",
			[]diagnosis.Code{diagnosis.CutAtExit, diagnosis.Recreated},
			"connections: 20, rate: 3", fmt.Sprintf("-mode exit -delay %dms", 200+r.Intn(300)), "",
			`- {name: stop it, at: 2s, signal: {process: app, name: TERM, gone: 10s}}`,
		}
	},
	func(r *rand.Rand) drawn {
		return drawn{
			"ignores SIGTERM",
			[]diagnosis.Code{diagnosis.IgnoredSIGTERM, diagnosis.KilledAfterGrace},
			"connections: 20, rate: 3", fmt.Sprintf("-mode ignore -delay %dms", 100+r.Intn(300)), "",
			fmt.Sprintf(`- {name: stop it, at: 2s, stop: {process: app, grace: %dms}}`, 500+r.Intn(1000)),
		}
	},
	func(r *rand.Rand) drawn {
		return drawn{
			"cuts requests after its own timer",
			[]diagnosis.Code{diagnosis.GraceTimer},
			"connections: 20", fmt.Sprintf("-mode timer -delay 2500ms -grace %dms", 300+r.Intn(900)), "",
			`- {name: stop it, at: 3s, signal: {process: app, name: TERM, gone: 10s}}`,
		}
	},
	func(r *rand.Rand) drawn {
		return drawn{
			"refuses while it drains",
			[]diagnosis.Code{diagnosis.RefusedWhenDraining},
			"connections: 10, rate: 20", fmt.Sprintf("-mode refuse -grace %dms", 300+r.Intn(700)), "-mode graceful",
			`- {name: stop it, at: 2s, signal: {process: app, name: TERM, gone: 10s}}`,
		}
	},
	func(*rand.Rand) drawn {
		return drawn{
			"stopped before its successor starts",
			[]diagnosis.Code{diagnosis.Recreated},
			"connections: 10, rate: 20", "-mode graceful", "",
			`- {name: stop it, at: 2s, stop: {process: app}}
  - {name: new, at: 2600ms, start: {argv: [{{.Argv}}, -listen, "{{.A}}"], ready: {tcp: "{{.A}}", every: 5ms}}}`,
		}
	},
	func(r *rand.Rand) drawn {
		return drawn{
			"not found until it has its routes",
			[]diagnosis.Code{diagnosis.ReadyTooEarly},
			"connections: 10, rate: 20", "-mode graceful", "-mode graceful",
			fmt.Sprintf(`- {name: stop it, at: 2s, stop: {process: app}}
  - {name: new, after: stop it, start: {argv: [{{.Argv}}, -listen, "{{.A}}", -warm, %dms, -status, "404"], ready: {tcp: "{{.A}}", every: 5ms}}}`, 300+r.Intn(900)),
		}
	},
	func(r *rand.Rand) drawn {
		return drawn{
			"slow in its first second",
			[]diagnosis.Code{diagnosis.ColdStart, diagnosis.ReadyTooEarly},
			"connections: 40, rate: 5, timeout: 1s", "-mode graceful", "-mode graceful",
			fmt.Sprintf(`- {name: stop it, at: 2s, stop: {process: app}}
  - {name: new, after: stop it, start: {argv: [{{.Argv}}, -listen, "{{.A}}", -warm, %dms], ready: {tcp: "{{.A}}", every: 5ms}}}`, 600+r.Intn(600)),
		}
	},
}

// calibrateScenario is the scenario of one run: a server at A and, if asked for,
// a second one at B that stays.
var calibrateScenario = template.Must(template.New("").Parse(`name: calibrate
target: http://gw/
load: { {{.Load}}, duration: 6s, keep-alive: false, connect-to: [{{.To}}] }
settle: 500ms
setup:
  - name: app
    start: {argv: [{{.First}}], ready: {tcp: "{{.A}}", every: 10ms}}
{{- if .Second}}
  - name: other
    start: {argv: [{{.Second}}], ready: {tcp: "{{.B}}", every: 10ms}}
{{- end}}
timeline:
  {{.Steps}}
`))

// scenarioOf writes the scenario of a draw.
func scenarioOf(t *testing.T, d drawn) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := func(words ...string) string {
		var quoted []string
		for _, word := range words {
			quoted = append(quoted, fmt.Sprintf("%q", word))
		}
		return strings.Join(quoted, ", ")
	}
	a, b := fmt.Sprintf("127.0.0.1:%d", clitest.FreePort(t)), fmt.Sprintf("127.0.0.1:%d", clitest.FreePort(t))
	base := argv(self, calibrateServer)
	data := map[string]string{"A": a, "B": b, "Argv": base, "Load": d.load}
	data["First"] = base + ", " + argv(append([]string{"-listen", a}, strings.Fields(d.server)...)...)
	to := []string{fmt.Sprintf("%q", "gw:80:"+a)}
	if d.second != "" {
		data["Second"] = base + ", " + argv(append([]string{"-listen", b}, strings.Fields(d.second)...)...)
		to = append(to, fmt.Sprintf("%q", "gw:80:"+b))
	}
	data["To"] = strings.Join(to, ", ")
	var steps, text strings.Builder
	if err := template.Must(template.New("").Parse(d.steps)).Execute(&steps, data); err != nil {
		t.Fatal(err)
	}
	data["Steps"] = steps.String()
	if err := calibrateScenario.Execute(&text, data); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	clitest.WriteFile(t, file, []byte(text.String()))
	return file
}

// stopping are causes that come with every stop of these servers: what waits in
// the accept queue when a listener closes is reset, and what a server has only
// just accepted ends with its process.
var stopping = []diagnosis.Code{diagnosis.CutAtExit, diagnosis.AcceptQueueReset}

// symptoms are the codes that name what was seen, and no cause.
var symptoms = []diagnosis.Code{diagnosis.Refused, diagnosis.CutInFlight, diagnosis.GatewayError, diagnosis.PacketsDropped, diagnosis.Hung, diagnosis.Unexplained}

// TestCalibrate: real servers lose requests for a known cause, and no finding
// that is shown names another one. Of many runs, which -calibrate.runs asks for,
// of those that are likely, at most 5 % do, and the finding about most losses
// cannot tell in at most 10 % of the runs.
func TestCalibrate(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	runs := *calibrateRuns
	if runs == 0 {
		runs = len(drawables)
	}
	t.Logf("seed %d", *calibrateSeed)
	rng := rand.New(rand.NewSource(*calibrateSeed))
	var lossy, cannot, shown, likely, wrongShown, wrongLikely int
	for i := range runs {
		kind := i
		if *calibrateRuns > 0 {
			kind = rng.Intn(len(drawables))
		}
		d := drawables[kind%len(drawables)](rng)
		o := clitest.Run(t, program, "scenario", "run", scenarioOf(t, d))
		run := o.Runs[0]
		if run.Counts.Lost == 0 {
			t.Logf("run %d: %s: nothing was lost", i, d.name)
			continue
		}
		lossy++
		figures := analysis.Of(run)
		named := false // some finding names a cause
		for _, f := range diagnosis.Of(run, &figures.Loss) {
			if f.Lost == 0 {
				continue
			}
			t.Logf("run %d: %s: %s, %d lost, %s: %s", i, d.name, f.Code, f.Lost, f.Confidence, f.Title)
			right := slices.Contains(d.causes, f.Code) || slices.Contains(stopping, f.Code)
			if f.Confidence == diagnosis.CannotTell || slices.Contains(symptoms, f.Code) {
				continue
			}
			named = named || slices.Contains(d.causes, f.Code)
			if f.Confidence == diagnosis.Likely {
				likely++
				if !right {
					wrongLikely++
				}
				continue
			}
			shown++
			if !right {
				wrongShown++
				t.Errorf("run %d: %s: shown, and wrong: %s: %s", i, d.name, f.Code, f.Title)
			}
		}
		if !named {
			cannot++
		}
	}
	t.Logf("%d runs with losses; %d findings shown, %d of them wrong; %d likely, %d of them wrong; %d could not tell", lossy, shown, wrongShown, likely, wrongLikely, cannot)
	rates := *calibrateRuns > 0 // of a few runs, they mean nothing
	if rates && wrongLikely*20 > likely {
		t.Errorf("%d of %d likely findings name a wrong cause, want 5 %% at most", wrongLikely, likely)
	}
	if rates && cannot*10 > lossy {
		t.Errorf("in %d of %d runs no finding names the cause, want 10 %% at most", cannot, lossy)
	}
	if lossy == 0 {
		t.Error("no run lost anything: nothing was calibrated")
	}
}
