package loadgen_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// fewPorts is how many ports for outgoing connections these tests' namespaces
// have: from 61100, above the range in which the kernel may assign ports to a
// test server.
const fewPorts = 20

func narrowPorts(t *testing.T) {
	t.Helper()
	sysctl(t, "ip_local_port_range", fmt.Sprint(61100, " ", 61100+fewPorts-1))
	sysctl(t, "tcp_tw_reuse", "0")
}

// widenPorts makes room for the test's own connections.
func widenPorts(t *testing.T) {
	t.Helper()
	sysctl(t, "ip_local_port_range", "32768 60999")
}

// TestContractPorts: connections that the server holds use up all ports. A
// request without a port is spoiled, and the server never sees it.
func TestContractPorts(t *testing.T) {
	for _, way := range routes() {
		for _, keepAlive := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/keepalive=%t", way, keepAlive), func(t *testing.T) {
				if inNamespaces(t) {
					testPorts(t, way, keepAlive)
				}
			})
		}
	}
}

func testPorts(t *testing.T, way route, keepAlive bool) {
	t.Helper()
	const n = 300
	gate := make(chan struct{})
	server := way.start(t, func(int64) faultserver.Kind {
		<-gate
		return faultserver.OK
	})
	cfg := loadgen.Config{URL: server.URL(), Requests: n, Workers: 2 * fewPorts, DisableKeepAlive: !keepAlive, TLS: trusting(t), Engine: way.engine}
	load := newLoad(t, cfg)
	narrowPorts(t) // the handshake before the load used a port outside this range
	done := make(chan *record.Run)
	go func() { done <- load.Run(t.Context()) }()
	for load.Progress().Finished < n-fewPorts {
		time.Sleep(time.Millisecond)
	}
	close(gate)
	run := <-done
	checkInvariants(t, run)
	widenPorts(t)
	want := faultserver.Count{Fresh: fewPorts}
	if got, served := outcome(run, "ok", ""), serverCounts(t, server).ByKind[faultserver.OK]; got != want || served != want {
		t.Errorf("%+v ok, the server responded to %+v; want %+v", got, served, want)
	}
	expectNoPorts(t, run, server.Addr().String(), n-fewPorts)
}

func expectNoPorts(t *testing.T, run *record.Run, addr string, n int64) {
	t.Helper()
	if got, want := outcome(run, "spoiled", "client.ports"), (faultserver.Count{Fresh: n}); got != want || run.Counts.Lost != 0 {
		t.Errorf("got %+v; want %+v without a port", run.Outcomes, want)
	}
	want := fmt.Sprintf("dial tcp %s: connect: cannot assign requested address", addr)
	if len(run.Samples) != 1 || !endsIn(run.Samples[0].Text, want) {
		t.Errorf("samples %+v; want one, … %s", run.Samples, want)
	}
}

// TestContractPortsInTimeWait: a server that is asked to close and does not
// leaves the close to nodrop. Each port so closed is unusable for a minute.
func TestContractPortsInTimeWait(t *testing.T) {
	onEngines(t, testContractPortsInTimeWait)
}

func testContractPortsInTimeWait(t *testing.T, engine record.Engine) {
	if !inNamespaces(t) {
		return
	}
	const n = 60
	var served atomic.Int64
	url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		for awaitHead(in) {
			served.Add(1)
			write(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
		_, _ = io.Copy(io.Discard, c)
	})
	narrowPorts(t) // the server listens outside this range
	run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: n, Workers: 4, DisableKeepAlive: true})
	if got, want := outcome(run, "ok", ""), (faultserver.Count{Fresh: fewPorts}); got != want || served.Load() != fewPorts {
		t.Errorf("%+v ok, the server responded to %d; want %+v", got, served.Load(), want)
	}
	if run.Connections.Ours != fewPorts {
		t.Errorf("connections %+v; want %d closed by nodrop", run.Connections, fewPorts)
	}
	expectNoPorts(t, run, url[len("http://"):], n-fewPorts)
}

// TestContractPortsComeBack: if the server closes first, it has the TIME_WAIT,
// and a few ports are enough for any number of connections.
func TestContractPortsComeBack(t *testing.T) {
	onEngines(t, testContractPortsComeBack)
}

func testContractPortsComeBack(t *testing.T, engine record.Engine) {
	if !inNamespaces(t) {
		return
	}
	narrowPorts(t)
	const n = 4 * fewPorts // reusing a port at once sometimes costs a second
	server := startServer(t, faultserver.Always(faultserver.OK))
	run := runLoad(t, loadgen.Config{Engine: engine, URL: server.URL(), Requests: n, Workers: 4, DisableKeepAlive: true})
	if served := serverCounts(t, server).Requests; served != n || run.Counts.OK != n {
		t.Errorf("%+v, the server responded to %d; want all of %d", run.Outcomes, served, n)
	}
}
