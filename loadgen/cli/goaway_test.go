package cli

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
)

// TestTurnedAway: nginx ends each connection after some requests. What it turns
// away is lost as never processed; everything else is a 200 in its log.
func TestTurnedAway(t *testing.T) {
	engines := []record.Engine{record.EnginePool}
	if runtime.GOOS == "linux" {
		engines = append(engines, record.EngineLoop)
	}
	for _, engine := range engines {
		for _, streams := range []int{1, 20} {
			t.Run(fmt.Sprintf("%s, %d streams", engine, streams), func(t *testing.T) {
				t.Parallel()
				server := startSparingNginx(t)
				load, err := loadgen.New(t.Context(), loadgen.Config{
					URL: server.url + "/", HTTP2: loadgen.H2C, Streams: streams, Requests: 5000, Workers: 40, Engine: engine,
				})
				if err != nil {
					t.Fatal(err)
				}
				run := load.Run(t.Context())
				var turned int64
				for _, o := range run.Outcomes {
					switch {
					case o.Fate == "ok":
					case o.Class.Cause() == record.CauseGoaway:
						turned += o.Count
					default:
						t.Errorf("%d × %s", o.Count, o.Class)
					}
				}
				if run.Counts.OK+turned != 5000 || run.HTTP2.TurnedAway != turned {
					t.Errorf("%d ok, %d turned away, %d by the ledger", run.Counts.OK, turned, run.HTTP2.TurnedAway)
				}
				if streams > 1 && turned == 0 {
					t.Error("no request was turned away")
				}
				clitest.Await(t, "nginx has logged every response", func() bool { return server.count() >= run.Counts.OK })
				if logged := server.count(); logged != run.Counts.OK {
					t.Errorf("nginx sent %d responses, %d were ok", logged, run.Counts.OK)
				}
			})
		}
	}
}

// startSparingNginx starts an nginx that speaks HTTP/2 and takes 100 requests on
// a connection. It counts its 200s.
func startSparingNginx(t *testing.T) running {
	t.Helper()
	dir, port := t.TempDir(), strconv.Itoa(clitest.FreePort(t))
	file := filepath.Join(dir, "nginx.conf")
	clitest.WriteConf(t, file, `
daemon off;
master_process off;
pid DIR/pid;
error_log stderr;
events { worker_connections 1024; }
http {
	map $status $good { 200 1; default 0; }
	log_format line "$status";
	access_log DIR/access.log line if=$good;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	keepalive_requests 100;
	server {
		listen 127.0.0.1:PORT http2;
		location / { return 200 "hello\n"; }
	}
}
`, "DIR", dir, "PORT", port)
	startTool(t, atoi(t, port), "nginx", "-e", "stderr", "-c", file, "-p", dir)
	return running{"http://127.0.0.1:" + port, lines(t, filepath.Join(dir, "access.log"))}
}
