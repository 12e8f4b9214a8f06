package cli

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
)

var requests = flag.Int64("requests", 1000, "requests of each run of TestServers; costly ones get a share of it")

// realCase is one kind of request, and the response that every such request
// must get.
type realCase struct {
	name, path string
	method     string // "" means GET
	body       int    // bytes to send
	field      string // an additional one, "Name: value"
	ask        string // If-None-Match or If-Modified-Since; its value comes from an earlier response
	status     int    // 0 means 200
	bytes      int64  // of the body; or asProbed, or some
	chunked    bool
	idle       bool  // one request per second, and the server closes meanwhile without notice
	hits       int64 // requests that the server gets for one of nodrop's; 0 means 1
	share      int64 // divides -requests; 0 means 1
}

// Values that replace the length of a body.
const (
	asProbed = -1 // the length that net/http gets
	some     = -2 // any above 0: the body depends on the request
)

const (
	pageBytes    = 6
	chunkedBytes = 20000 + pageBytes
	largeBytes   = 10 << 20
	workers      = 20
	fewest       = 2 * workers // minimum requests of a run, whatever its share
)

// usual are the cases of a server with the site's files and a page that accepts
// POST.
var usual = []realCase{
	{name: "small", path: "/small", bytes: pageBytes},
	{name: "chunked", path: "/chunked", bytes: chunkedBytes, chunked: true},
	{name: "large", path: "/large", bytes: largeBytes, share: 100},
	{name: "head", path: "/small", method: "HEAD"},
	{name: "post", path: "/post", method: "POST", body: 8 << 10, bytes: pageBytes},
	{name: "unchanged", path: "/large", ask: "If-None-Match", status: 304},
}

type running struct {
	url   string
	count func() int64 // requests that the server says it received
}

var realServers = []struct {
	name  string
	start func(t *testing.T, site string) running
	cases []realCase
	share int64 // as in realCase, for all the cases
}{
	{name: "nginx", start: startNginx, cases: append(slices.Clip(usual),
		realCase{name: "unmodified", path: "/large", ask: "If-Modified-Since", status: 304},
		realCase{name: "gzip", path: "/gzip", field: "Accept-Encoding: gzip", bytes: asProbed, chunked: true},
		realCase{name: "empty", path: "/204", status: 204},
		realCase{name: "missing", path: "/404", status: 404, bytes: asProbed},
		realCase{name: "redirect", path: "/302", bytes: pageBytes, hits: 2},
		realCase{name: "idle", path: "/idle", bytes: pageBytes, idle: true, share: 1000},
	)},
	{name: "haproxy", start: startHAProxy, cases: append(slices.Clip(usual),
		// Responses of HAProxy itself, not of the nginx behind it.
		realCase{name: "own", path: "/own", bytes: pageBytes},
		realCase{name: "own head", path: "/own", method: "HEAD"},
		realCase{name: "own post", path: "/own", method: "POST", body: 8 << 10, bytes: pageBytes},
		realCase{name: "own denied", path: "/denied", status: 403, bytes: asProbed},
	)},
	{name: "caddy", start: startCaddy, cases: []realCase{
		usual[0],
		// Caddy sends Content-Length where it knows it, except for compressed
		// responses.
		{name: "chunked", path: "/chunked", field: "Accept-Encoding: gzip", bytes: asProbed, chunked: true},
		usual[2], usual[3], usual[4], usual[5],
	}},
	{name: "apache", start: startApache, cases: usual},
	{name: "gunicorn gthread", start: startGunicorn("gthread", "--threads", "10"), share: 10, cases: append(slices.Clip(httpbin),
		realCase{name: "post large", path: "/post", method: "POST", body: 100000, bytes: some, field: "Content-Type: application/octet-stream"},
		realCase{name: "empty", path: "/status/204", status: 204},
		realCase{name: "teapot", path: "/status/418", status: 418, bytes: asProbed},
		realCase{name: "redirect", path: "/redirect/3", bytes: some, hits: 4},
		realCase{name: "gzip", path: "/gzip", bytes: some},
	)},
	{name: "gunicorn sync", start: startGunicorn("sync"), share: 10, cases: httpbin},
}

// httpbin are the cases of httpbin, which has its own pages. It answers only
// one or two thousand requests a second, so it gets a share.
var httpbin = []realCase{
	{name: "small", path: "/base64/aGVsbG8K", bytes: pageBytes},
	{name: "chunked", path: "/stream-bytes/2000?seed=1&chunk_size=100", bytes: 2000, chunked: true},
	{name: "large", path: "/large", bytes: largeBytes, share: 100},
	{name: "head", path: "/base64/aGVsbG8K", method: "HEAD"},
	{name: "post", path: "/post", method: "POST", body: 8 << 10, bytes: some},
	{name: "unchanged", path: "/etag/x", ask: "If-None-Match", status: 304},
}

// TestServers: a server that drops nothing loses nothing, and the server's
// counts agree. The test prints a row for each run; go test shows the rows if
// no package is given (make servers) or if a test fails.
func TestServers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: the servers are installed on Linux only")
	}
	clitest.NeedsTime(t)
	program, site := clitest.Build(t), newSite(t)
	fmt.Printf("%-16s  %-10s  %-10s  %8s  %4s  %7s  %8s  %11s  %8s\n",
		"server", "case", "connection", "requests", "lost", "spoiled", "replaced", "connections", "seconds")
	for _, server := range realServers {
		t.Run(server.name, func(t *testing.T) {
			running, sent := server.start(t, site), int64(0)
			for _, tc := range server.cases {
				n := max(fewest, *requests/max(1, server.share)/max(1, tc.share))
				tc.hits = max(1, tc.hits)
				t.Run(tc.name, func(t *testing.T) {
					probes := tc.probe(t, running.url)
					sent += probes * tc.hits
					for _, keepAlive := range []bool{true, false} {
						run := tc.run(t, program, running.url, n, keepAlive)
						sent += n * tc.hits
						connection := "kept alive"
						if !keepAlive {
							connection = "closed"
						}
						fmt.Printf("%-16s  %-10s  %-10s  %8d  %4d  %7d  %8d  %11d  %8.1f\n", server.name, tc.name, connection,
							n, run.Counts.Lost, run.Counts.Spoiled, run.Connections.Stale, run.Connections.Opened, float64(run.Duration)/1e9)
					}
					// The server responds before it counts.
					clitest.Await(t, "the server has counted all", func() bool {
						got := running.count()
						if got > sent {
							t.Fatalf("the server was sent %d requests; want %d", got, sent)
						}
						return got == sent
					})
				})
			}
		})
	}
}

// probe sends the request with net/http and checks that the response fits the
// case. It completes the case, and returns how many requests it took.
func (tc *realCase) probe(t *testing.T, url string) (n int64) {
	t.Helper()
	if tc.status == 0 {
		tc.status = 200
	}
	if tc.method == "" {
		tc.method = "GET"
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	ask := func() (header http.Header, status int, chunked bool, length int64) {
		n++
		req, err := http.NewRequestWithContext(t.Context(), tc.method, url+tc.path, bytes.NewReader(make([]byte, tc.body)))
		if err != nil {
			t.Fatal(err)
		}
		if name, value, ok := strings.Cut(tc.field, ": "); ok {
			req.Header.Set(name, value)
		}
		response, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if length, err = io.Copy(io.Discard, response.Body); err != nil {
			t.Fatal(err)
		}
		return response.Header, response.StatusCode, slices.Equal(response.TransferEncoding, []string{"chunked"}), length
	}
	if tc.ask != "" {
		name := map[string]string{"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}[tc.ask]
		header, _, _, _ := ask()
		value := header.Get(name)
		if value == "" {
			t.Fatalf("no %s in the response", name)
		}
		tc.field = tc.ask + ": " + value
	}
	_, status, chunked, length := ask()
	switch {
	case status != tc.status, chunked != tc.chunked, tc.bytes >= 0 && length != tc.bytes:
		t.Fatalf("net/http gets status %d, chunked %t, %d bytes; want %d, %t, %d", status, chunked, length, tc.status, tc.chunked, tc.bytes)
	case tc.bytes == asProbed:
		tc.bytes = length
	}
	return n
}

// run sends n requests. All responses must be as in the case.
func (tc *realCase) run(t *testing.T, program, url string, n int64, keepAlive bool) *record.Run {
	t.Helper()
	args := []string{"-n", strconv.FormatInt(n, 10), "-c", strconv.Itoa(workers), "-m", tc.method, "--ok", strconv.Itoa(tc.status), "--trace-lost", "3"}
	if !keepAlive {
		args = append(args, "-disable-keepalive")
	}
	if tc.idle {
		args = append(args, "-q", "1")
	}
	if tc.field != "" {
		args = append(args, "-H", tc.field)
	}
	if tc.body > 0 {
		file := filepath.Join(t.TempDir(), "body")
		if err := os.WriteFile(file, make([]byte, tc.body), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "-D", file)
	}
	o := clitest.Run(t, program, append(args, url+tc.path)...)
	o.ExpectExit(t, ExitOK)
	run := o.Runs[0]
	if want := (record.Counts{Planned: n, Started: n, OK: n}); run.Counts != want {
		t.Errorf("keep-alive %t: %+v; want %+v", keepAlive, run.Counts, want)
	}
	if run.Statuses[tc.status] != n {
		t.Errorf("keep-alive %t: statuses %v; want only %d", keepAlive, run.Statuses, tc.status)
	}
	if wrong := run.Bytes != tc.bytes*n; tc.bytes >= 0 && wrong || tc.bytes == some && run.Bytes == 0 {
		t.Errorf("keep-alive %t: %d bytes; want %d × %d", keepAlive, run.Bytes, n, tc.bytes)
	}
	if c := run.Connections; c.Surplus != 0 || !keepAlive && c.Opened != n*tc.hits {
		t.Errorf("keep-alive %t: %+v; want no surplus, and without it a connection for each request", keepAlive, c)
	}
	if stale := run.Connections.Stale; tc.idle && keepAlive && stale != n-workers {
		t.Errorf("%d connections replaced; want all but the %d first", stale, workers)
	}
	return run
}

// newSite makes the files that the servers share.
func newSite(t *testing.T) string {
	t.Helper()
	site, page := clitest.NewDir(t), []byte("hello\n")
	text := make([]byte, chunkedBytes-pageBytes)
	for i := range text {
		text[i] = byte('a' + rand.IntN(26))
	}
	clitest.WriteFile(t, filepath.Join(site, "small"), page)
	clitest.WriteFile(t, filepath.Join(site, "post"), page)
	clitest.WriteFile(t, filepath.Join(site, "text.txt"), text)
	// The included part makes nginx and Apache flush what they have.
	clitest.WriteFile(t, filepath.Join(site, "chunked"), append([]byte(`<!--#include virtual="/small" -->`), text...))
	clitest.WriteFile(t, filepath.Join(site, "large"), make([]byte, largeBytes))
	return site
}

// startTool starts a server on port, and returns when it accepts connections.
// The end of the test kills it and all processes that it has started.
func startTool(t *testing.T, port int, name string, args ...string) {
	t.Helper()
	var output bytes.Buffer
	cmd := exec.Command(clitest.Tool(t, name), args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.WaitDelay = clitest.Patience
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // fails if no process is left
		if t.Failed() {
			t.Logf("%s: %v\n%s", name, cmd.ProcessState, &output)
		}
	})
	clitest.Await(t, name+" accepts", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s: %v\n%s", name, cmd.ProcessState, &output)
		default:
		}
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return false
		}
		_ = c.Close()
		return true
	})
}

func lines(t *testing.T, log string) func() int64 {
	t.Helper()
	var read, count int64
	buf := make([]byte, 1<<20)
	return func() int64 {
		f, err := os.Open(log)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		for {
			n, err := f.ReadAt(buf, read)
			read += int64(n)
			count += int64(bytes.Count(buf[:n], []byte("\n")))
			if err == io.EOF {
				return count
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func startNginx(t *testing.T, site string) running {
	t.Helper()
	dir, port := t.TempDir(), strconv.Itoa(clitest.FreePort(t))
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "nginx.conf")
	clitest.WriteConf(t, file, `
user USER;
daemon off;
worker_processes 2;
pid DIR/pid;
error_log stderr;
events { worker_connections 1024; }
http {
	log_format line "$status";
	access_log DIR/access.log line;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	root SITE;
	server {
		listen 127.0.0.1:PORT backlog=4096;
		location = /chunked { ssi on; ssi_types *; }
		location = /gzip { alias SITE/text.txt; default_type text/plain; gzip on; gzip_types text/plain; }
		location = /post { return 200 "hello\n"; }
		location = /204 { return 204; }
		location = /idle { keepalive_timeout 50ms; return 200 "hello\n"; }
		location = /302 { return 302 /small; }
	}
}
`, "DIR", dir, "SITE", site, "PORT", port, "USER", me.Username+" "+group.Name)
	startTool(t, atoi(t, port), "nginx", "-e", "stderr", "-c", file, "-p", dir)
	return running{"http://127.0.0.1:" + port, lines(t, filepath.Join(dir, "access.log"))}
}

func startHAProxy(t *testing.T, site string) running {
	t.Helper()
	behind := startNginx(t, site)
	dir, port := t.TempDir(), strconv.Itoa(clitest.FreePort(t))
	file, socket := filepath.Join(dir, "haproxy.cfg"), filepath.Join(dir, "stats")
	clitest.WriteConf(t, file, `
global
	stats socket SOCKET mode 600
	nbthread 2
	maxconn 1000
defaults
	mode http
	timeout connect 10s
	timeout client 60s
	timeout server 60s
frontend front
	bind 127.0.0.1:PORT
	http-request return status 200 content-type text/plain string "hello\n" if { path /own }
	http-request deny if { path /denied }
	default_backend back
backend back
	server nginx BEHIND
`, "SOCKET", socket, "PORT", port, "BEHIND", strings.TrimPrefix(behind.url, "http://"))
	startTool(t, atoi(t, port), "haproxy", "-db", "-f", file)
	return running{"http://127.0.0.1:" + port, func() int64 { return haproxyRequests(t, socket) }}
}

// haproxyRequests is the frontend's count of requests, without connections
// closed before the first byte, such as startTool's.
func haproxyRequests(t *testing.T, socket string) int64 {
	t.Helper()
	c, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintln(c, "show stat")
	rows, err := csv.NewReader(c).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	total, none := slices.Index(rows[0], "req_tot"), slices.Index(rows[0], "ereq")
	for _, row := range rows {
		if row[1] == "FRONTEND" {
			return int64(atoi(t, row[total]) - atoi(t, row[none]))
		}
	}
	t.Fatalf("no frontend in %q", rows)
	return 0
}

func startCaddy(t *testing.T, site string) running {
	t.Helper()
	dir, port := t.TempDir(), strconv.Itoa(clitest.FreePort(t))
	file, log := filepath.Join(dir, "Caddyfile"), filepath.Join(dir, "access.log")
	clitest.WriteConf(t, file, `
{
	admin off
	auto_https off
}
http://127.0.0.1:PORT {
	root * SITE
	log {
		output file LOG {
			roll_disabled
		}
		format filter {
			wrap json
			fields {
				request delete
				resp_headers delete
			}
		}
	}
	respond /post "hello
"
	handle /chunked {
		rewrite * /text.txt
		encode {
			gzip 1
		}
		file_server
	}
	file_server
}
`, "PORT", port, "SITE", site, "LOG", log)
	t.Setenv("XDG_DATA_HOME", dir) // Caddy writes there in any case
	t.Setenv("XDG_CONFIG_HOME", dir)
	startTool(t, atoi(t, port), "caddy", "run", "--config", file, "--adapter", "caddyfile")
	return running{"http://127.0.0.1:" + port, lines(t, log)}
}

func startApache(t *testing.T, site string) running {
	t.Helper()
	dir, port := clitest.NewDir(t), strconv.Itoa(clitest.FreePort(t))
	file, log := filepath.Join(dir, "apache.conf"), filepath.Join(dir, "access.log")
	// As root, Apache needs another user; otherwise it keeps its own.
	clitest.WriteConf(t, file, `
ServerRoot DIR
ServerName 127.0.0.1
Listen 127.0.0.1:PORT
PidFile DIR/pid
DefaultRuntimeDir DIR
ErrorLog /dev/stderr
LoadModule mpm_event_module MODULES/mod_mpm_event.so
LoadModule authz_core_module MODULES/mod_authz_core.so
LoadModule include_module MODULES/mod_include.so
User #65534
Group #65534
LogFormat "%s" line
CustomLog LOG line
DocumentRoot SITE
<Location /chunked>
	Options +Includes
	SetOutputFilter INCLUDES
</Location>
`, "DIR", dir, "SITE", site, "PORT", port, "LOG", log, "MODULES", "/usr/lib/apache2/modules")
	startTool(t, atoi(t, port), "apache2", "-f", file, "-DFOREGROUND")
	return running{"http://127.0.0.1:" + port, lines(t, log)}
}

// startGunicorn serves httpbin and the site's large file, because httpbin has
// no large page.
func startGunicorn(worker string, args ...string) func(t *testing.T, site string) running {
	return func(t *testing.T, site string) running {
		t.Helper()
		dir, port := t.TempDir(), strconv.Itoa(clitest.FreePort(t))
		log := filepath.Join(dir, "access.log")
		clitest.WriteConf(t, filepath.Join(dir, "served.py"), `
from httpbin import app as httpbin

with open("SITE/large", "rb") as file:
    large = file.read()


def app(environ, start_response):
    if environ["PATH_INFO"] != "/large":
        return httpbin(environ, start_response)
    start_response("200 OK", [("Content-Length", str(len(large)))])
    return [large]
`, "SITE", site)
		startTool(t, atoi(t, port), "gunicorn", slices.Concat(
			[]string{"-b", "127.0.0.1:" + port, "-w", "4", "-k", worker, "--worker-tmp-dir", dir, "--access-logfile", log, "--access-logformat", "%(s)s"},
			args, []string{"--chdir", dir, "served:app"})...)
		return running{"http://127.0.0.1:" + port, lines(t, log)}
	}
}

func atoi(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
