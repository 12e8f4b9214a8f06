package loadgen_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// largeBody is more than the socket buffers of both ends hold: writing it
// blocks if the server does not read.
const largeBody = 8 << 20

// earlyContract is the contract for requests that are still being written when
// the fault occurs.
var earlyContract = map[faultserver.Kind]string{
	faultserver.EarlyResponse:       "status.413",
	faultserver.EarlyResponseHeld:   "status.413",
	faultserver.EarlyResponseUnread: "status.413",
	faultserver.EOFBeforeBody:       "wait.eof",
	faultserver.ResetBeforeBody:     "wait.reset",
}

// TestContractEarly: an event before the request is fully written decides its
// outcome. The other requests, on kept-alive connections, are fully written.
func TestContractEarly(t *testing.T) {
	file := sparseFile(t, largeBody)
	for kind, want := range earlyContract {
		for _, keepAlive := range []bool{true, false} {
			for _, body := range []string{"memory", "file"} {
				for _, way := range routes() {
					if body == "file" && way.engine == record.EngineLoop {
						continue // the loop does not support a body file
					}
					t.Run(fmt.Sprintf("%v/keepalive=%t/%s/%s", kind, keepAlive, body, way), func(t *testing.T) {
						cfg := loadgen.Config{
							Requests: 8, Workers: 2, Method: "PUT", DisableKeepAlive: !keepAlive, TLS: trusting(t), Engine: way.engine,
							Timeout: time.Minute, // a regression takes that long
						}
						if body == "file" {
							cfg.BodyFile = file
						} else {
							cfg.Body = make([]byte, largeBody)
						}
						testEarly(t, way, kind, cfg, want)
					})
				}
			}
		}
	}
}

func testEarly(t *testing.T, way route, kind faultserver.Kind, cfg loadgen.Config, want string) {
	t.Helper()
	server := way.start(t, faultserver.Every(2, kind))
	cfg.URL = server.URL()
	run := runLoad(t, cfg)
	counts := serverCounts(t, server)
	faults, ok := counts.ByKind[kind], counts.ByKind[faultserver.OK]
	if got := outcome(run, "lost", want); got != faults || faults.Fresh+faults.Reused != 4 {
		t.Errorf("%s: got %+v; the server made %+v: %+v", want, got, faults, run.Outcomes)
	}
	if got := outcome(run, "ok", ""); got != ok || ok.Fresh+ok.Reused != 4 || counts.Incomplete != 0 {
		t.Errorf("ok: got %+v; the server responded to %+v", got, counts)
	}
	if !cfg.DisableKeepAlive && ok.Reused+faults.Reused == 0 {
		t.Error("no connection carried another large request")
	}
}

// TestEarlyResponseIsTimedByItself: the latency ends with the response, even if
// the server neither reads nor closes for longer than -t. The connection is not
// reused even after an accepted response, because the server still waits for
// the rest.
func TestEarlyResponseIsTimedByItself(t *testing.T) {
	for status, want := range map[string]string{"200 OK": "ok ", "401 Unauthorized": "lost status.401", "503 Service Unavailable": "lost status.503"} {
		for _, length := range []string{"Content-Length: 4", "Transfer-Encoding: chunked", "Connection: close"} {
			for _, way := range routes() {
				t.Run(status+"/"+length+"/"+way.String(), func(t *testing.T) {
					body := map[string]string{"Transfer-Encoding: chunked": "4\r\nbig\n\r\n0\r\n\r\n"}[length]
					if body == "" {
						body = "big\n"
					}
					response := "HTTP/1.1 " + status + "\r\n" + length + "\r\n\r\n" + body
					url := way.serve(t, func(c net.Conn, r *bufio.Reader) {
						if _, err := http.ReadRequest(r); err != nil {
							return
						}
						_, _ = io.WriteString(c, response)
						if length == "Connection: close" { // the end of the connection ends the body
							_ = c.(interface{ CloseWrite() error }).CloseWrite()
						}
						<-t.Context().Done()
					})
					const n = 4
					run := runLoad(t, loadgen.Config{
						URL: url, Requests: n, Workers: 2, Method: "PUT", Body: make([]byte, largeBody), TLS: trusting(t), Engine: way.engine, Timeout: time.Minute,
					})
					if o := run.Outcomes[0]; o.Fate+" "+o.Class.String() != want || o.Count != n || run.Connections.Opened != n {
						t.Errorf("got %+v on %d connections; want %d %s on as many", run.Outcomes, run.Connections.Opened, n, want)
					}
				})
			}
		}
	}
}

// TestResponseWhileReading: a server that responds while it reads gets the rest
// of the request during its response. It reads no more than the client reads of
// it.
func TestResponseWhileReading(t *testing.T) {
	for _, keepAlive := range []bool{true, false} {
		for _, way := range routes() {
			t.Run(fmt.Sprintf("keepalive=%t/%s", keepAlive, way), func(t *testing.T) {
				url := way.serve(t, func(c net.Conn, r *bufio.Reader) {
					for {
						req, err := http.ReadRequest(r)
						if err != nil {
							return
						}
						head := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n", req.ContentLength)
						if req.Close {
							head += "Connection: close\r\n"
						}
						_, _ = io.WriteString(c, head+"\r\n")
						if _, err := io.Copy(c, req.Body); err != nil || req.Close {
							return
						}
					}
				})
				const n = 6
				run := runLoad(t, loadgen.Config{
					URL: url, Requests: n, Workers: 2, Method: "PUT", Body: make([]byte, largeBody), DisableKeepAlive: !keepAlive,
					TLS: trusting(t), Engine: way.engine, Timeout: time.Minute,
				})
				if run.Counts.OK != n || run.Bytes != n*largeBody {
					t.Errorf("%+v, %d bytes; want %d ok", run.Outcomes, run.Bytes, n)
				}
				if most := int64(2); keepAlive && run.Connections.Opened > most {
					t.Errorf("%d connections; want %d, kept", run.Connections.Opened, most)
				}
			})
		}
	}
}

// TestResponseCutWhileWriting: a response that begins and then stops is lost in
// its own stage, not in send.
func TestResponseCutWhileWriting(t *testing.T) {
	for part, want := range map[string]string{
		"":                              "send.timeout",
		"HTTP/1.1 200 OK\r\nContent-Le": "head.timeout",
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbi":       "body.timeout",
		"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nb": "body.timeout",
	} {
		for _, way := range routes() {
			t.Run(fmt.Sprintf("%d bytes of it, %s/%s", len(part), want, way), func(t *testing.T) {
				t.Parallel()
				url := way.serve(t, func(c net.Conn, r *bufio.Reader) {
					if _, err := http.ReadRequest(r); err == nil {
						_, _ = io.WriteString(c, part)
						<-t.Context().Done()
					}
				})
				run := runLoad(t, loadgen.Config{
					URL: url, Requests: 2, Workers: 2, Method: "PUT", Body: make([]byte, largeBody), TLS: trusting(t), Engine: way.engine, Timeout: 2 * time.Second,
				})
				if got := outcome(run, "lost", want); got.Fresh != 2 {
					t.Errorf("got %+v; want 2 × %s", run.Outcomes, want)
				}
			})
		}
	}
}

// TestResponseBeforeTheRequest: the server sends a response before it can know
// of a request, as some do when they have too many connections. It closes its
// side for writing and keeps reading.
func TestResponseBeforeTheRequest(t *testing.T) {
	for _, size := range []int{0, largeBody} {
		for _, way := range cleartext() {
			t.Run(fmt.Sprintf("%d/%s", size, way), func(t *testing.T) {
				url := way.serve(t, func(c net.Conn, r *bufio.Reader) {
					_, _ = io.WriteString(c, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
					_ = c.(*net.TCPConn).CloseWrite()
					_, _ = io.Copy(io.Discard, r)
				})
				run := runLoad(t, loadgen.Config{URL: url, Requests: 40, Workers: 4, Method: "PUT", Body: make([]byte, size), Engine: way.engine, Timeout: time.Minute})
				if got := outcome(run, "lost", "status.503"); got.Fresh != 40 {
					t.Errorf("got %+v; want 40 × status.503", run.Outcomes)
				}
			})
		}
	}
}

// serve is serveRaw with the route's scheme.
func (r route) serve(t *testing.T, serve func(c net.Conn, in *bufio.Reader)) (url string) {
	t.Helper()
	if r.scheme == "http" {
		return serveRaw(t, serve)
	}
	cert, _ := certificate()
	url = serveRaw(t, func(c net.Conn, in *bufio.Reader) {
		s := tls.Server(readerConn{c.(*net.TCPConn), in}, &tls.Config{Certificates: []tls.Certificate{cert}})
		serve(s, bufio.NewReader(s))
	})
	return strings.Replace(url, "http:", "https:", 1)
}

// serveRaw listens on a free port and runs serve for each connection.
func serveRaw(t *testing.T, serve func(c net.Conn, r *bufio.Reader)) (url string) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c, bufio.NewReader(c))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}
