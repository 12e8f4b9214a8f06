package loadgen_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// loadEnv makes the test binary run a load, in a process that can be stopped.
// It names a directory that holds the load's configuration, and later the run.
const loadEnv = "NODROP_TEST_LOAD"

type childLoad struct {
	URL            string
	Engine         record.Engine
	Requests       int64
	Timeout        time.Duration
	ConnectTimeout time.Duration
}

func TestLoadToBeStopped(t *testing.T) {
	dir := os.Getenv(loadEnv)
	if dir == "" {
		t.Skip("the load of TestStopped")
	}
	var c childLoad
	text, err := os.ReadFile(filepath.Join(dir, "load"))
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		t.Fatal(err)
	}
	run := runLoad(t, loadgen.Config{
		URL: c.URL, Engine: c.Engine, Requests: c.Requests, Workers: int(c.Requests),
		Timeout: c.Timeout, ConnectTimeout: c.ConnectTimeout, TLS: loadgen.TLS{Insecure: true},
	})
	if text, err = json.Marshal(run); err == nil {
		err = os.WriteFile(filepath.Join(dir, "run"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

type child struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string

	started time.Time
	out     bytes.Buffer
}

func startChild(t *testing.T, load childLoad) *child {
	t.Helper()
	c := &child{t: t, dir: t.TempDir()}
	text, err := json.Marshal(load)
	if err == nil {
		err = os.WriteFile(filepath.Join(c.dir, "load"), text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLoadToBeStopped$")
	c.cmd.Env = append(os.Environ(), loadEnv+"="+c.dir)
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	c.started = time.Now()
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// stop returns when the process has stopped.
func (c *child) stop() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		c.t.Fatal(err)
	}
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
		if err != nil {
			c.t.Fatal(err)
		}
		if strings.HasPrefix(string(stat[bytes.LastIndexByte(stat, ')'):]), ") T") {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *child) goOn() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) run() *record.Run {
	c.t.Helper()
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatalf("%v\n%s", err, c.out.String())
	}
	var run record.Run
	text, err := os.ReadFile(filepath.Join(c.dir, "run"))
	if err == nil {
		err = json.Unmarshal(text, &run)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return &run
}

// withinLimit calls f with increasing limits until one is long enough for this
// machine: f returns false if the process could not be stopped before the limit
// had passed.
func withinLimit(t *testing.T, f func(limit time.Duration) bool) {
	t.Helper()
	for limit := 3 * time.Second; limit < 5*time.Minute; limit *= 2 {
		if f(limit) {
			return
		}
	}
	t.Fatal("no time limit was long enough")
}

// reached waits for a state of what c does; false if c's limit may have passed
// meanwhile.
func (c *child) reached(limit time.Duration, state func() bool) bool {
	for time.Since(c.started) < limit {
		if state() {
			return true
		}
		time.Sleep(time.Millisecond)
	}
	return false
}

// stoppedWithin stops c, or kills it if its limit may have passed before.
func (c *child) stoppedWithin(limit time.Duration, state func() bool) bool {
	c.t.Helper()
	if c.reached(limit, state) {
		c.stop()
		if time.Since(c.started) < limit {
			return true
		}
	}
	_ = c.cmd.Process.Kill() // fails if it has already ended
	_ = c.cmd.Wait()
	return false
}

// sideBySide runs subtests in parallel on any number of processors, because
// they mostly wait.
type sideBySide struct {
	t   *testing.T
	all sync.WaitGroup
}

func (s *sideBySide) run(name string, f func(t *testing.T)) {
	s.all.Go(func() { s.t.Run(name, f) })
}

// TestStopped: a load whose process is stopped until after the -t of its requests
// recognises that it was stopped.
func TestStopped(t *testing.T) {
	if testing.Short() {
		t.Skip("longer than -t")
	}
	const n = 20
	atOnce := sideBySide{t: t}
	defer atOnce.all.Wait()
	for _, tt := range []struct {
		name            string
		before, respond http.HandlerFunc
		patient         bool   // -t is longer than the time for which the process is stopped
		release         string // when
		want            string // class; "" = ok
	}{
		{"answered meanwhile", nothing, responseOK, false, "meanwhile", "client.stalled"},
		{"answered in part", responseHalf, responseOK, false, "meanwhile", "client.stalled"},
		{"cut meanwhile", nothing, cutConnection, false, "meanwhile", "client.stalled"},
		{"answered afterwards", nothing, responseOK, false, "afterwards", "client.stalled"},
		{"never answered", nothing, responseOK, false, "never", "wait.timeout"},
		{"never ended", responseHalf, responseOK, false, "never", "body.timeout"},
		{"answered within -t", nothing, responseOK, true, "meanwhile", ""},
	} {
		for _, way := range routes() {
			atOnce.run(tt.name+"/"+way.String(), func(t *testing.T) {
				withinLimit(t, func(limit time.Duration) bool {
					h := holdRequests(t, way.scheme, tt.before, tt.respond)
					load := childLoad{URL: h.url, Engine: way.engine, Requests: n, Timeout: limit}
					if tt.patient {
						load.Timeout = time.Hour
					}
					c := startChild(t, load)
					if !c.stoppedWithin(limit, func() bool { return h.held.Load() == n }) {
						close(h.release)
						return false
					}
					if tt.release == "meanwhile" {
						close(h.release)
						for h.done.Load() < n {
							time.Sleep(time.Millisecond)
						}
					}
					time.Sleep(limit) // waits for the limit to pass, not for an event
					c.goOn()
					if tt.release == "afterwards" {
						close(h.release)
					}
					run := c.run()
					if tt.release == "never" {
						close(h.release)
					}
					checkStopped(t, run, n, tt.want)
					return true
				})
			})
		}
	}
}

// checkStopped: all n requests have the same fate, and a note says that nodrop
// did not run.
func checkStopped(t *testing.T, run *record.Run, n int64, class string) {
	t.Helper()
	fate := "lost"
	switch class {
	case "":
		fate = "ok"
	case "client.stalled":
		fate = "spoiled"
	}
	if got := outcome(run, fate, class); got.Fresh != n {
		t.Errorf("%+v; want %d %s %s", run.Outcomes, n, fate, class)
	}
	notes := strings.Join(run.Notes, "\n")
	want := "responses from that time look slower than they were"
	if fate == "spoiled" {
		want = fmt.Sprintf("%d requests that timed out because of it are spoiled (client.stalled), not lost", n)
	}
	if !strings.Contains(notes, "nodrop did not run ") || !strings.HasSuffix(notes, want) {
		t.Errorf("notes:\n%s\nwant: %s", notes, want)
	}
}

// TestStoppedWhileConnecting: an address that accepts no connections before the
// stop accepts none after it.
func TestStoppedWhileConnecting(t *testing.T) {
	if testing.Short() {
		t.Skip("longer than -t")
	}
	atOnce := sideBySide{t: t}
	defer atOnce.all.Wait()
	for name, limits := range map[string]func(limit time.Duration) childLoad{
		"-t":                func(limit time.Duration) childLoad { return childLoad{Timeout: limit} },
		"--connect-timeout": func(limit time.Duration) childLoad { return childLoad{Timeout: time.Hour, ConnectTimeout: limit} },
		"both, the latter first": func(limit time.Duration) childLoad {
			return childLoad{Timeout: limit + time.Second, ConnectTimeout: limit}
		},
	} {
		for _, way := range cleartext() {
			atOnce.run(name+"/"+way.String(), func(t *testing.T) {
				withinLimit(t, func(limit time.Duration) bool {
					hole, err := faultserver.NewBlackHole()
					if err != nil {
						t.Fatal(err)
					}
					t.Cleanup(func() { _ = hole.Close() })
					load := limits(limit)
					load.URL, load.Engine, load.Requests = "http://"+hole.Addr().String(), way.engine, 5
					c := startChild(t, load)
					if !c.stoppedWithin(limit, func() bool { return connecting(t, hole.Addr()) == 5 }) {
						return false
					}
					time.Sleep(limit)
					c.goOn()
					checkStopped(t, c.run(), load.Requests, "connect.timeout")
					return true
				})
			})
		}
	}
}

// connecting is the number of sockets waiting for a handshake with addr.
func connecting(t *testing.T, addr netip.AddrPort) (n int) {
	t.Helper()
	const synSent = "02"
	four := addr.Addr().As4()
	remote := fmt.Sprintf("%08X:%04X", binary.NativeEndian.Uint32(four[:]), addr.Port())
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(table)) {
		if f := strings.Fields(line); len(f) > 3 && f[2] == remote && f[3] == synSent {
			n++
		}
	}
	return n
}
