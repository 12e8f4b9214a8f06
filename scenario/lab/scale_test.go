package lab

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
)

// never is longer than any test.
const never = 24 * time.Hour

// refused reports whether the kernel refuses a connection to the replica.
func refused(t *testing.T, r *replica) bool {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(testContext(t), "tcp", r.addr.String())
	if err == nil {
		_ = conn.Close()
		return false
	}
	if !errors.Is(err, syscall.ECONNREFUSED) && runtime.GOOS != "windows" {
		t.Fatalf("dialling %s: %v; want ECONNREFUSED", r.Name, err)
	}
	return true
}

// kindsOf returns the lifecycle events of a replica in each stop mode.
func kindsOf(mode gateway.Mode) []record.MarkKind {
	if mode == gateway.Abrupt {
		return []record.MarkKind{record.MarkTerminating, record.MarkSignalled, record.MarkExited}
	}
	return []record.MarkKind{record.MarkTerminating, record.MarkSignalled, record.MarkListenerClosed, record.MarkExited}
}

// expectLifecycle checks one replica's events: their kinds, and that their
// times are in order.
func expectLifecycle(t *testing.T, j *journal, mode gateway.Mode, name string) {
	t.Helper()
	var kinds []record.MarkKind
	var last time.Time
	for _, e := range j.ofReplica(name) {
		kinds = append(kinds, e.Kind)
		if e.At.Before(last) {
			t.Errorf("%s of %s is before what came before it", e.Kind, name)
		}
		if e.Err != nil {
			t.Errorf("%s of %s: %v", e.Kind, name, e.Err)
		}
		last = e.At
	}
	if !slices.Equal(kinds, kindsOf(mode)) {
		t.Errorf("%s went through %q; want %q", name, kinds, kindsOf(mode))
	}
}

func TestScaleToTheEnd(t *testing.T) {
	for _, mode := range gateway.Modes() {
		t.Run(string(mode), func(t *testing.T) {
			f := startFleet(t, Options{Replicas: 3, Stop: mode, PreStop: 20 * time.Millisecond, Grace: patience, Propagation: time.Millisecond})
			j := newJournal()
			before := time.Now()
			if err := f.Scale(testContext(t), 1, j.mark); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"gw-2", "gw-3"} {
				expectLifecycle(t, j, mode, name)
				terminating, _, _ := j.find(record.MarkTerminating, name)
				removed, found, _ := j.find(record.MarkEndpointRemoved, name)
				if !found || removed.At.Sub(terminating.At) < time.Millisecond {
					t.Errorf("%s was removed %v after it was terminating; want 1ms at least", name, removed.At.Sub(terminating.At))
				}
				if terminating.At.Before(before) {
					t.Errorf("%s was terminating before it was asked to", name)
				}
			}
			if len(j.ofReplica("gw-1")) != 0 {
				t.Error("gw-1 stayed and has events")
			}
			if got := f.Replicas(); !slices.Equal(got, []string{"gw-1"}) {
				t.Errorf("replicas %v; want gw-1", got)
			}
			if seen := handedOut(t, f, 100); seen["gw-1"] != 100 {
				t.Errorf("the balancer knows %v; want gw-1", seen)
			}
			if got := get(t, f.replicaAt(1)); got.StatusCode != 200 {
				t.Errorf("gw-1 answers %d", got.StatusCode)
			}
		})
	}
}

func TestGracefulKeepsToItsPreStop(t *testing.T) {
	const preStop = 50 * time.Millisecond
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Graceful, PreStop: preStop, Grace: patience})
	j := newJournal()
	if err := f.Scale(testContext(t), 1, j.mark); err != nil {
		t.Fatal(err)
	}
	terminating, _, _ := j.find(record.MarkTerminating, "gw-2")
	signalled, _, _ := j.find(record.MarkSignalled, "gw-2")
	if got := signalled.At.Sub(terminating.At); got < preStop {
		t.Errorf("signalled after %v; want %v at least", got, preStop)
	}
}

// Until the balancer removes a replica, it sends connections to a closed
// listener, and the kernel refuses them.
func TestRefusedUntilRemoved(t *testing.T) {
	for mode, last := range map[gateway.Mode]record.MarkKind{gateway.Abrupt: record.MarkExited, gateway.Naive: record.MarkListenerClosed} {
		t.Run(string(mode), func(t *testing.T) {
			f := startFleet(t, Options{Replicas: 3, Stop: mode, PreStop: never, Grace: patience, Propagation: never})
			j, cancel, wait := inBackground(t, f, 1)
			for _, n := range []int{2, 3} {
				name := f.replicaAt(n).Name
				j.await(t, last, name)
				if !refused(t, f.replicaAt(n)) {
					t.Errorf("%s accepts after %q", name, last)
				}
				if j.has(record.MarkEndpointRemoved, name) {
					t.Errorf("%s was removed before its time", name)
				}
			}
			if seen := handedOut(t, f, 1000); len(seen) != 3 {
				t.Errorf("the balancer knows %v; want all three", seen)
			}
			if refused(t, f.replicaAt(1)) {
				t.Error("gw-1 was to stay")
			}
			cancel()
			if err := wait(); !errors.Is(err, context.Canceled) {
				t.Errorf("Scale: %v; want context.Canceled", err)
			}
		})
	}
}

func TestGracefulAcceptsDuringPreStop(t *testing.T) {
	f := startFleet(t, Options{Replicas: 3, Stop: gateway.Graceful, PreStop: never, Grace: patience})
	j, cancel, wait := inBackground(t, f, 1)
	for _, n := range []int{2, 3} {
		r := f.replicaAt(n)
		j.await(t, record.MarkEndpointRemoved, r.Name)
		ctx := testContext(t)
		for closes := false; !closes; { // the drain signal may not have arrived yet
			got := get(t, r)
			if got.StatusCode != 200 {
				t.Fatalf("%s answers %d", r.Name, got.StatusCode)
			}
			if closes = got.Close; ctx.Err() != nil {
				t.Fatalf("%s never answers Connection: close", r.Name)
			}
		}
		if j.has(record.MarkSignalled, r.Name) {
			t.Errorf("%s was signalled before its time", r.Name)
		}
	}
	if got := get(t, f.replicaAt(1)); got.Close {
		t.Error("gw-1 stays and answers Connection: close")
	}
	cancel()
	if err := wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Scale: %v; want context.Canceled", err)
	}
}

// slow is a request whose header arrives at once and whose body takes a second.
const slow = "/drip?delay=0&duration=1&numbytes=20"

// endless is a request whose body takes longer than any test.
const endless = "/drip?delay=0&duration=60&numbytes=60"

func TestInFlightIsFinished(t *testing.T) {
	for _, mode := range []gateway.Mode{gateway.Naive, gateway.Graceful} {
		t.Run(string(mode), func(t *testing.T) {
			f := startFleet(t, Options{Replicas: 2, Stop: mode, Grace: patience})
			rest := open(t, "http://"+f.replicaAt(2).addr.String()+slow)
			j, _, wait := inBackground(t, f, 1)
			j.await(t, record.MarkListenerClosed, "gw-2")
			body, err := io.ReadAll(rest)
			if err != nil || len(body) != 20 {
				t.Errorf("got %d bytes, %v; want 20", len(body), err)
			}
			if err := wait(); err != nil {
				t.Fatal(err)
			}
			expectLifecycle(t, j, mode, "gw-2")
		})
	}
}

func TestAbruptCutsWhatIsInFlight(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Abrupt, Grace: patience})
	rest := open(t, "http://"+f.replicaAt(2).addr.String()+endless)
	j := newJournal()
	if err := f.Scale(testContext(t), 1, j.mark); err != nil {
		t.Fatal(err)
	}
	expectLifecycle(t, j, gateway.Abrupt, "gw-2")
	if body, err := io.ReadAll(rest); err == nil {
		t.Errorf("got all of %d bytes; want a cut", len(body))
	}
}

func TestGraceEnds(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Naive, Grace: 10 * time.Millisecond})
	rest := open(t, "http://"+f.replicaAt(2).addr.String()+endless)
	j := newJournal()
	if err := f.Scale(testContext(t), 1, j.mark); err != nil {
		t.Fatal(err)
	}
	exited, _, _ := j.find(record.MarkExited, "gw-2")
	const want = "exit status 1: the grace period of 10ms ended, requests cut off: 1"
	if exited.Err == nil || exited.Err.Error() != want {
		t.Errorf("exit with %v; want %s", exited.Err, want)
	}
	if body, err := io.ReadAll(rest); err == nil {
		t.Errorf("got all of %d bytes; want a cut", len(body))
	}
	if err := f.Err(); err != nil {
		t.Errorf("the end of a grace looks like a crash: %v", err)
	}
}

func TestCrash(t *testing.T) {
	f := startFleet(t, Options{Replicas: 3, Stop: gateway.Graceful, PreStop: never, Grace: patience})
	j, cancel, wait := inBackground(t, f, 2)
	f.Watch(j.mark)
	j.await(t, record.MarkEndpointRemoved, "gw-3")
	for _, n := range []int{1, 3} { // one that stays, one in its pre-stop delay
		if err := f.replicaAt(n).Send(os.Kill); err != nil {
			t.Fatal(err)
		}
		e := j.await(t, record.MarkCrashed, f.replicaAt(n).Name)
		if e.Err == nil || e.Err.Error() != "signal: killed" {
			t.Errorf("%s crashed with %v; want signal: killed", e.Endpoint, e.Err)
		}
	}
	err := wait()
	cancel()
	for _, name := range []string{"gw-1", "gw-3"} {
		if err == nil || !strings.Contains(err.Error(), name+" exited unexpectedly") {
			t.Errorf("Scale: %v; want the crash of %s", err, name)
		}
	}
	if f.Err() == nil {
		t.Error("Err knows of no crash")
	}
	if j.has(record.MarkExited, "gw-1") || j.has(record.MarkExited, "gw-3") {
		t.Error("the crash is also marked as an exit")
	}
	if got := f.Replicas(); !slices.Equal(got, []string{"gw-2"}) {
		t.Errorf("replicas %v; want gw-2", got)
	}
}

// Scale also reports a crash before the scale-in.
func TestCrashBefore(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Naive, Grace: patience})
	r := f.replicaAt(2)
	_ = r.Send(os.Kill)
	if err := r.Await(testContext(t)); err != nil {
		t.Fatal(err)
	}
	j := newJournal()
	f.Watch(j.mark)
	if err := f.Scale(testContext(t), 1, j.mark); err == nil || !strings.Contains(err.Error(), "gw-2 exited unexpectedly") {
		t.Errorf("Scale: %v; want the crash of gw-2", err)
	}
	j.await(t, record.MarkCrashed, "gw-2")
	if j.has(record.MarkExited, "gw-2") {
		t.Error("the crash is also marked as an exit")
	}
	if j.has(record.MarkSignalled, "gw-2") {
		t.Error("a dead replica was signalled")
	}
}

func TestScaleRange(t *testing.T) {
	f := startFleet(t, Options{Replicas: 2, Stop: gateway.Abrupt})
	for _, to := range []int{-1, 3} {
		if err := f.Scale(testContext(t), to, nil); err == nil {
			t.Errorf("scaled from 2 to %d", to)
		}
	}
	for _, to := range []int{2, 1, 0} { // in steps, without a mark function
		if err := f.Scale(testContext(t), to, nil); err != nil {
			t.Errorf("to %d: %v", to, err)
		}
		if got := len(f.Replicas()); got != to {
			t.Errorf("%d replicas; want %d", got, to)
		}
	}
	if _, err := f.Endpoints().Next(t.Context()); !errors.Is(err, dataplane.ErrNoEndpoint) {
		t.Errorf("got %v; want ErrNoEndpoint", err)
	}
}
