package loadgen_test

import (
	"fmt"
	"net"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// meetsItself is a closed port within the range for outgoing connections.
const meetsItself = "127.0.0.1:40000"

// TestContractSelfConnect: an attempt that connects to itself counts as
// refused. With only one port in the range, every attempt connects to itself,
// which is possible only if the previous one has released the port.
func TestContractSelfConnect(t *testing.T) {
	const n = 50
	for _, way := range routes() {
		for _, keepAlive := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/keepalive=%t", way, keepAlive), func(t *testing.T) {
				if !inNamespaces(t) {
					return
				}
				sysctl(t, "ip_local_port_range", "40000 40000")
				run := runLoad(t, loadgen.Config{
					URL: way.scheme + "://" + meetsItself, Requests: n, Workers: 1, DisableKeepAlive: !keepAlive, TLS: trusting(t), Engine: way.engine,
				})
				expectRefused(t, run, n)
			})
		}
	}
}

// TestContractSelfConnectAmongRefusals: with several workers, only some attempts
// connect to themselves.
func TestContractSelfConnectAmongRefusals(t *testing.T) {
	onEngines(t, testContractSelfConnectAmongRefusals)
}

func testContractSelfConnectAmongRefusals(t *testing.T, engine record.Engine) {
	if !inNamespaces(t) {
		return
	}
	const n = 3000
	narrowPorts(t)
	run := runLoad(t, loadgen.Config{Engine: engine, URL: "http://" + meetsItself, Requests: n, Workers: 4})
	expectRefused(t, run, n)
}

// TestContractSelfConnectLeavesThePortFree: a self-connected attempt does not
// prevent a restarted server from binding its port.
func TestContractSelfConnectLeavesThePortFree(t *testing.T) {
	onEngines(t, testContractSelfConnectLeavesThePortFree)
}

func testContractSelfConnectLeavesThePortFree(t *testing.T, engine record.Engine) {
	if !inNamespaces(t) {
		return
	}
	sysctl(t, "ip_local_port_range", "40000 40000")
	runLoad(t, loadgen.Config{Engine: engine, URL: "http://" + meetsItself, Requests: 1, Workers: 1})
	l, err := net.Listen("tcp4", meetsItself)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

func expectRefused(t *testing.T, run *record.Run, n int64) {
	t.Helper()
	if got, want := outcome(run, "lost", "connect.refused"), (faultserver.Count{Fresh: n}); got != want {
		t.Errorf("got %+v; want %+v refused", run.Outcomes, want)
	}
	if len(run.Samples) != 1 || !endsIn(run.Samples[0].Text, "dial tcp "+meetsItself+": connect: connection refused") {
		t.Errorf("samples %+v; want one refusal", run.Samples)
	}
}
