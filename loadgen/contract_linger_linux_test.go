package loadgen_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// TestContractKeptOpen: servers that leave the close to the client delay no
// worker, at any -q, and nodrop closes every connection in the end, even if
// there are more than may be left open at a time.
func TestContractKeptOpen(t *testing.T) {
	for name, cfg := range map[string]loadgen.Config{
		"one worker": {Requests: 200, Workers: 1},
		"at a pace":  {Requests: 200, Workers: 20, Rate: 50},
		"many":       {Requests: 3000, Workers: 8},
	} {
		for _, way := range routes() {
			t.Run(name+"/"+way.String(), func(t *testing.T) {
				if way.scheme == "https" {
					cfg.Requests = min(cfg.Requests, 200) // each handshake takes a millisecond of processor time
				}
				server := way.start(t, faultserver.Always(faultserver.KeptOpen))
				cfg.URL, cfg.DisableKeepAlive, cfg.TLS, cfg.Engine = server.URL(), true, trusting(t), way.engine
				run := runLoad(t, cfg)
				n := cfg.Requests
				if served := serverCounts(t, server).Requests; run.Counts.OK != n || served != n {
					t.Errorf("%+v, the server responded to %d; want %d", run.Counts, served, n)
				}
				if c := run.Connections; c.Ours != n || c.Opened != n || c.Waited != 0 {
					t.Errorf("%+v; want %d closed by nodrop", c, n)
				}
				// Waiting for the server to close would take 0.1 s for each,
				// one after another.
				if waits := time.Duration(n) * 100 * time.Millisecond; cfg.Workers == 1 && time.Duration(run.Duration) > waits {
					t.Errorf("took %v; waiting for the server to close takes %v", time.Duration(run.Duration), waits)
				}
			})
		}
	}
}

// TestContractKeptOpenTakesNoFiles: connections that are left for their peers
// to close give up their descriptors for requests. The test uses one shard,
// because a shard cannot close what another has left open.
func TestContractKeptOpenTakesNoFiles(t *testing.T) {
	for _, way := range routes() {
		t.Run(way.String(), func(t *testing.T) {
			const n = 100
			if isApart(t) {
				load := newLoad(t, loadgen.Config{URL: os.Getenv("URL"), Requests: n, Workers: 2, CPUs: 1, DisableKeepAlive: true, TLS: loadgen.TLS{Insecure: true}, Engine: way.engine})
				runShort(t, shortages["files"], way.engine)
				run := load.Run(t.Context())
				checkInvariants(t, run)
				if c := run.Connections; run.Counts.OK != n || c.Ours != n {
					t.Errorf("%+v %+v %+v; want %d ok, and closed by nodrop", run.Counts, c, run.Samples, n)
				}
				return
			}
			server := way.start(t, faultserver.Always(faultserver.KeptOpen))
			runApart(t, func(cmd *exec.Cmd) { cmd.Env = append(cmd.Env, "URL="+server.URL()) })
			if served := serverCounts(t, server).Requests; served != n {
				t.Errorf("the server responded to %d; want %d", served, n)
			}
		})
	}
}

// TestContractLateFIN: a server that closes shortly after its response keeps
// TIME_WAIT, although the worker is already sending its next request.
func TestContractLateFIN(t *testing.T) {
	onEngines(t, func(t *testing.T, engine record.Engine) {
		const n = 100
		const held = 2
		url := lateFIN(t, held, n)
		run := runLoad(t, loadgen.Config{Engine: engine, URL: url, Requests: n, Workers: 1, DisableKeepAlive: true})
		// If the machine pauses for 0.1 s, nodrop closes some of them itself.
		if c := run.Connections; run.Counts.OK != n || c.Waited == 0 || c.Waited+c.Ours != n {
			t.Errorf("%+v %+v; want %d closed by the peer", run.Counts, c, n)
		}
	})
}

// lateFIN is a server for all connections. It closes each after it has answered
// held more, and the last ones at once.
func lateFIN(t *testing.T, held, all int64) (url string) {
	t.Helper()
	var served atomic.Int64
	goOn := make([]chan struct{}, all+held)
	for i := range goOn {
		goOn[i] = make(chan struct{})
	}
	return serveRaw(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		i := served.Add(1) - 1
		if i < all-held {
			defer func() { <-goOn[i+held] }()
		}
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		close(goOn[i])
	})
}
