package loadgen_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// socksServer is a SOCKS5 proxy that records the requested hosts.
type socksServer struct {
	net.Listener
	user, password string // "" = none required
	reply          byte   // to a request; 0 = connect
	mute           bool   // sends nothing
	hangsUp        bool   // closes after the greeting
	greeting       string // replaces its normal one

	mu      sync.Mutex // guards asked
	asked   []string   // hosts and ports
	resolve func(host string) string
}

func startSOCKS(t *testing.T, s *socksServer) *socksServer {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				s.serve(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		all.Wait()
	})
	return s
}

func (s *socksServer) serve(c net.Conn) {
	in := bufio.NewReader(c)
	if s.mute {
		_, _ = io.Copy(io.Discard, in)
		return
	}
	if !s.greet(c, in) {
		return
	}
	address, ok := readSOCKSRequest(in)
	if !ok {
		return
	}
	s.mu.Lock()
	s.asked = append(s.asked, address)
	s.mu.Unlock()
	if s.resolve != nil {
		address = s.resolve(address)
	}
	_, _ = c.Write([]byte{5, s.reply, 0, 1, 0, 0, 0, 0, 0, 0})
	if s.reply != 0 {
		return
	}
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() {
		_, _ = io.Copy(server, in)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	_, _ = io.Copy(c, server)
}

// greet agrees on a method, and authenticates the client.
func (s *socksServer) greet(c net.Conn, in *bufio.Reader) bool {
	head := make([]byte, 2)
	if _, err := io.ReadFull(in, head); err != nil {
		return false
	}
	methods := make([]byte, head[1])
	_, _ = io.ReadFull(in, methods)
	switch {
	case s.greeting != "":
		_, _ = io.WriteString(c, s.greeting)
		return false
	case s.hangsUp:
		return false
	case s.user == "":
		_, _ = c.Write([]byte{5, 0})
		return true
	case !slices.Contains(methods, 2):
		_, _ = c.Write([]byte{5, 0xff})
		return false
	}
	_, _ = c.Write([]byte{5, 2})
	_, _ = in.ReadByte()
	user, password := readCounted(in), readCounted(in)
	if user != s.user || password != s.password {
		_, _ = c.Write([]byte{1, 1})
		return false
	}
	_, _ = c.Write([]byte{1, 0})
	return true
}

func readCounted(in *bufio.Reader) string {
	n, _ := in.ReadByte()
	b := make([]byte, n)
	_, _ = io.ReadFull(in, b)
	return string(b)
}

func readSOCKSRequest(in *bufio.Reader) (address string, ok bool) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(in, head); err != nil || head[1] != 1 {
		return "", false
	}
	var host string
	switch head[3] {
	case 1, 4:
		ip := make(net.IP, map[byte]int{1: 4, 4: 16}[head[3]])
		_, _ = io.ReadFull(in, ip)
		host = ip.String()
	case 3:
		host = readCounted(in)
	}
	port := make([]byte, 2)
	_, err := io.ReadFull(in, port)
	return net.JoinHostPort(host, fmt.Sprint(binary.BigEndian.Uint16(port))), err == nil
}

// TestSOCKS: every connection of a load goes through the proxy, which resolves
// the name, and none is made twice.
func TestSOCKS(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		for _, auth := range []string{"", "me:secret@"} {
			for _, keepAlive := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/keepalive=%t", scheme, auth, keepAlive), func(t *testing.T) {
					way := route{scheme: scheme, engine: record.EngineAuto}
					server := way.start(t, faultserver.Always(faultserver.OK))
					_, port, _ := net.SplitHostPort(server.Addr().String())
					proxy := startSOCKS(t, &socksServer{resolve: func(string) string { return server.Addr().String() }})
					if auth != "" {
						proxy.user, proxy.password = "me", "secret"
					}
					run := runLoad(t, loadgen.Config{
						URL: scheme + "://gateway.example:" + port + "/", Requests: 20, Workers: 4, DisableKeepAlive: !keepAlive,
						TLS: trusting(t), Proxy: proxyURL(t, "SOCKS5://"+auth+proxy.Addr().String()),
					})
					if run.Counts.OK != 20 || serverCounts(t, server).Requests != 20 {
						t.Errorf("%+v %+v; the server saw %d", run.Counts, run.Samples, serverCounts(t, server).Requests)
					}
					want := slices.Repeat([]string{"gateway.example:" + port}, int(run.Connections.Opened+way.trials()))
					if !slices.Equal(proxy.asked, want) || keepAlive && run.Connections.Opened > 4 {
						t.Errorf("opened %d, asked for %q", run.Connections.Opened, proxy.asked)
					}
				})
			}
		}
	}
}

// TestSOCKSFollowsRedirects: a redirect to another host goes through the proxy
// on a separate connection.
func TestSOCKSFollowsRedirects(t *testing.T) {
	second := httptest.NewServer(http.HandlerFunc(respondOK))
	defer second.Close()
	first := httptest.NewServer(http.RedirectHandler(second.URL, http.StatusFound))
	defer first.Close()
	proxy := startSOCKS(t, &socksServer{})
	run := runLoad(t, loadgen.Config{URL: first.URL, Requests: 4, Workers: 1, Proxy: proxyURL(t, "socks5h://"+proxy.Addr().String())})
	var want []string
	for range 4 {
		want = append(want, strings.TrimPrefix(first.URL, "http://"), strings.TrimPrefix(second.URL, "http://"))
	}
	if run.Counts.OK != 4 || !slices.Equal(proxy.asked, want) {
		t.Errorf("%+v %+v, asked for %q; want %q", run.Counts, run.Samples, proxy.asked, want)
	}
}

// TestSOCKSFails: any failure in the proxy is a failure in the proxy stage,
// counted once for each request.
func TestSOCKSFails(t *testing.T) {
	tests := map[string]struct {
		proxy       *socksServer
		auth        string
		class, text string
	}{
		"unreachable target":   {&socksServer{reply: 4}, "", "proxy.rejected", "unknown error host unreachable"},
		"forbidden":            {&socksServer{reply: 2}, "", "proxy.rejected", "unknown error connection not allowed by ruleset"},
		"no credentials":       {&socksServer{user: "me", password: "x"}, "", "proxy.rejected", "no acceptable authentication methods"},
		"other credentials":    {&socksServer{user: "me", password: "x"}, "me:secret@", "proxy.rejected", "username/password authentication failed"},
		"an HTTP server":       {&socksServer{greeting: "HTTP/1.1 400 Bad Request\r\n\r\n"}, "", "proxy.malformed", "unexpected protocol version 72"},
		"closed":               {&socksServer{hangsUp: true}, "", "proxy.eof", "EOF"},
		"silent":               {&socksServer{mute: true}, "", "proxy.timeout", "i/o timeout"},
		"closed in the middle": {&socksServer{greeting: "\x05"}, "", "proxy.eof", "EOF"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			proxy := startSOCKS(t, tc.proxy)
			address := proxy.Addr().String()
			run := runLoad(t, loadgen.Config{
				URL: "http://gateway.example/", Requests: 4, Workers: 2, Timeout: time.Second,
				Proxy: proxyURL(t, "socks5://"+tc.auth+address),
			})
			if got, want := outcome(run, "lost", tc.class), (faultserver.Count{Fresh: 4}); got != want {
				t.Fatalf("%+v %+v; want 4 × %s", run.Outcomes, run.Samples, tc.class)
			}
			text := run.Samples[0].Text
			if tc.class == "proxy.timeout" { // a timeout has hey's text
				return
			}
			if want := `Get "http://gateway.example/": socks connect tcp ` + address + "->gateway.example:80: " + tc.text; text != want || strings.Contains(text, "secret") {
				t.Errorf("got %s\nwant %s", text, want)
			}
		})
	}
	refused, err := faultserver.HoldRefused()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = refused.Close() })
	run := runLoad(t, loadgen.Config{URL: "http://gateway.example/", Requests: 4, Workers: 2, Proxy: proxyURL(t, "socks5://"+refused.Addr().String())})
	if want := fmt.Sprintf(`Get "http://gateway.example/": proxyconnect tcp: dial tcp %s: connect: connection refused`, refused.Addr()); run.Samples[0].Text != want || run.Counts.Lost != 4 {
		t.Errorf("%+v; want %s", run.Samples, want)
	}
}
