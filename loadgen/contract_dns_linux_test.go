package loadgen_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// failedLookup is one way in which a look-up fails, and the request's outcome.
type failedLookup struct {
	response    response
	fate, class string
	reason      string
}

// patience is the resolver's timeout in s, short if the test waits for it to
// expire.
func (f failedLookup) patience() int {
	if f.response.none {
		return 1
	}
	return 5
}

var failedLookups = map[string]failedLookup{
	"server failure": {response{code: serverFailure}, "lost", "dns.other", "server misbehaving"},
	"refused":        {response{code: 5}, "lost", "dns.other", "server misbehaving"},
	"no such name":   {response{code: nameError}, "lost", "dns.not-found", "no such host"},
	"no address":     {response{}, "lost", "dns.not-found", "no such host"},
	"silence":        {response{none: true}, "spoiled", "client.resolver", "read udp 127.0.0.1:*->127.0.0.1:53: i/o timeout"},
}

// TestContractLookups: with --dns per-connection, each connection resolves the
// name, and a failed look-up is the request's failure.
func TestContractLookups(t *testing.T) {
	for name, tc := range failedLookups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !inNamespaces(t) {
				return
			}
			const n, good = 30, 20
			names := startNameServer(t, tc.patience(), addresses("127.0.0.1"))
			server := startServer(t, faultserver.Always(faultserver.OK))
			load := newLoad(t, loadgen.Config{
				URL: "http://" + gatewayName + ":" + strconv.Itoa(int(server.Addr().Port())), Requests: n, Workers: 10,
				DisableKeepAlive: true, DNS: loadgen.DNSPerConnection,
			})
			before := names.lookups()
			names.sayAfter(good, tc.response)
			run := load.Run(t.Context())
			checkInvariants(t, run)
			if asked := names.lookups() - before; asked != n {
				t.Errorf("%d lookups for %d connections", asked, n)
			}
			if served := serverCounts(t, server).Requests; served != good || run.Counts.OK != good {
				t.Errorf("%d ok, the server responded to %d; want %d", run.Counts.OK, served, good)
			}
			if got, want := outcome(run, tc.fate, tc.class), (faultserver.Count{Fresh: n - good}); got != want {
				t.Errorf("got %+v %+v; want %+v %s as %s", run.Outcomes, run.Samples, want, tc.fate, tc.class)
			}
			want := fmt.Sprintf("lookup %s on 127.0.0.1:53: %s", gatewayName, tc.reason)
			if len(run.Samples) != 1 || !endsIn(run.Samples[0].Text, want) {
				t.Errorf("samples %+v; want one, … %s", run.Samples, want)
			}
		})
	}
}

// TestContractNameAtTheStart: a name that does not resolve before the load is an
// error for the user to correct.
func TestContractNameAtTheStart(t *testing.T) {
	for name, tc := range failedLookups {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !inNamespaces(t) {
				return
			}
			startNameServer(t, tc.patience(), tc.response)
			_, err := loadgen.New(t.Context(), loadgen.Config{URL: "http://" + gatewayName})
			var failed *loadgen.ResolveError
			if want := gatewayName + ": does not resolve: " + tc.reason; !errors.As(err, &failed) || err.Error() != want {
				t.Errorf("got %v; want %s", err, want)
			}
		})
	}
}

// replica is one of several servers on the same port.
type replica struct {
	requests, connections atomic.Int64
}

func startReplica(t *testing.T, addr string) *replica {
	t.Helper()
	l, err := net.Listen("tcp4", addr)
	if err != nil {
		t.Fatal(err)
	}
	r := &replica{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		r.requests.Add(1)
		_, _ = io.WriteString(w, addr)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			r.connections.Add(1)
		}
	}
	_ = server.Listener.Close()
	server.Listener = l
	server.Start()
	t.Cleanup(server.Close)
	return r
}

// TestContractRefresh: an address that the name no longer has gets no new
// connections. If the name server fails, the last addresses stay in use.
func TestContractRefresh(t *testing.T) {
	for _, keepAlive := range []bool{true, false} {
		t.Run(fmt.Sprintf("keepalive=%t", keepAlive), func(t *testing.T) {
			t.Parallel()
			if inNamespaces(t) {
				testRefresh(t, keepAlive)
			}
		})
	}
}

func testRefresh(t *testing.T, keepAlive bool) {
	t.Helper()
	await := func(what string, holds func() bool) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("timed out waiting until %s", what)
			}
		}
	}
	names := startNameServer(t, 5, addresses("127.0.0.1", "127.0.0.2"))
	gone, stays := startReplica(t, "127.0.0.1:8080"), startReplica(t, "127.0.0.2:8080")
	load := newLoad(t, loadgen.Config{URL: "http://" + gatewayName + ":8080/", Workers: 4, Rate: 100, DisableKeepAlive: !keepAlive})
	load.Hold()
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	await("both are reached", func() bool { return gone.requests.Load() > 20 && stays.requests.Load() > 20 })
	names.say(addresses("127.0.0.2"))
	looked := names.lookups()
	// A second look-up begins only after the first has been processed.
	await("the name is looked up twice", func() bool { return names.lookups() > looked+1 })
	connections, requests, others := gone.connections.Load(), gone.requests.Load(), stays.requests.Load()
	names.say(response{code: serverFailure})
	looked = names.lookups()
	await("the name server has failed twice", func() bool { return names.lookups() > looked+1 })
	await("the load has gone on", func() bool { return stays.requests.Load() > others+50 })
	load.Release()
	run := <-done
	checkInvariants(t, run)

	if n := gone.connections.Load(); n != connections {
		t.Errorf("%d connections to an address that was gone", n-connections)
	}
	if n := gone.requests.Load(); keepAlive == (n == requests) {
		t.Errorf("%d requests to an address that was gone, on connections made before", n-requests)
	}
	ok := map[string]int64{}
	for _, o := range run.Outcomes {
		ok[o.Endpoint+" "+o.Fate] += o.Count
	}
	served := map[string]int64{"127.0.0.1:8080 ok": gone.requests.Load(), "127.0.0.2:8080 ok": stays.requests.Load()}
	if diff := cmp.Diff(served, ok); diff != "" {
		t.Errorf("the servers' counts differ from the run's: %s", diff)
	}
	if c := run.Counts; c.OK != c.Started || run.Connections.Opened != gone.connections.Load()+stays.connections.Load() {
		t.Errorf("%+v, %+v; the servers accepted %d and %d", run.Outcomes, run.Connections, gone.connections.Load(), stays.connections.Load())
	}
	if len(run.Marks) != 1 || run.Marks[0].Name != "DNS lookup of "+gatewayName+" failed; nodrop keeps the old addresses" {
		t.Errorf("marks %+v; want one", run.Marks)
	}
}

// TestContractDNSOnce: changes of the name after the start have no effect.
func TestContractDNSOnce(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	names := startNameServer(t, 5, addresses("127.0.0.1"))
	server := startServer(t, faultserver.Always(faultserver.OK))
	load := newLoad(t, loadgen.Config{
		URL: "http://" + gatewayName + ":" + strconv.Itoa(int(server.Addr().Port())), Requests: 60, Workers: 1, Rate: 40,
		DisableKeepAlive: true, DNS: loadgen.DNSOnce,
	})
	before := names.lookups()
	names.say(response{code: nameError})
	run := load.Run(t.Context())
	checkInvariants(t, run)
	if served := serverCounts(t, server).Requests; served != 60 || run.Counts.OK != 60 || names.lookups() != before || len(run.Marks) != 0 {
		t.Errorf("%+v, the server responded to %d, %d more lookups, marks %+v", run.Outcomes, served, names.lookups()-before, run.Marks)
	}
}

// TestContractLookupsNotMade: a look-up that this machine could not send is not a
// failure of the name server, nor of the gateway behind the name.
func TestContractLookupsNotMade(t *testing.T) {
	const n = 40
	server := func(t *testing.T) (names *nameServer, load *loadgen.Load) {
		names = startNameServer(t, 1, addresses("127.0.0.1"))
		load = newLoad(t, loadgen.Config{
			URL: "http://" + gatewayName, Requests: n, Workers: n, DNS: loadgen.DNSPerConnection,
		})
		return names, load
	}
	t.Run("no descriptors", func(t *testing.T) {
		if !inNamespaces(t) {
			return
		}
		names, load := server(t)
		before := names.lookups()
		failCall(t, unix.SYS_SOCKET, 1, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.EMFILE)
		run := load.Run(t.Context())
		checkInvariants(t, run)
		if got, want := outcome(run, "spoiled", "client.files"), (faultserver.Count{Fresh: n}); got != want || names.lookups() != before {
			t.Errorf("got %+v, %d lookups; want %+v, none", run.Outcomes, names.lookups()-before, want)
		}
		if text := "lookup " + gatewayName + " on 127.0.0.1:53: dial udp 127.0.0.1:53: socket: too many open files"; len(run.Samples) != 1 || !endsIn(run.Samples[0].Text, text) {
			t.Errorf("samples %+v; want one, … %s", run.Samples, text)
		}
	})
	t.Run("no ports", func(t *testing.T) {
		if !inNamespaces(t) {
			return
		}
		names, load := server(t)
		names.say(response{none: true}) // so that each look-up keeps its ports
		narrowPorts(t)
		run := load.Run(t.Context())
		checkInvariants(t, run)
		ports, withoutResponse := outcome(run, "spoiled", "client.ports").Fresh, outcome(run, "spoiled", "client.resolver").Fresh
		if ports+withoutResponse != n || ports < n-fewPorts {
			t.Errorf("got %+v %+v; want all of %d spoiled, most of them without a free port", run.Outcomes, run.Samples, n)
		}
	})
}
