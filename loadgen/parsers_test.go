package loadgen_test

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/h1"
)

// These tests check with independent parsers, stricter than net/http's, that
// requests are understood as intended: HAProxy and nginx read the requests and
// forward them to a server that records what arrives.

type arrived struct {
	method, uri, host string
	header            http.Header
	body              []byte
}

// parsers holds the parsers' addresses by name, and the requests that arrive.
type parsers struct {
	addr map[string]string
	got  chan arrived
}

const (
	strictHAProxy = "haproxy"
	strictNginx   = "nginx"
	openNginx     = "nginx, any field name" // names that nginx would drop by default
)

func startParsers(t *testing.T) *parsers {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: HAProxy and nginx are installed on Linux only")
	}
	if testing.Short() {
		t.Skipf("NOT RUN because of -short: %s needs HAProxy and nginx; make test installs them and runs it", t.Name())
	}
	p := &parsers{addr: map[string]string{}, got: make(chan arrived, 1)}
	behind := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		p.got <- arrived{r.Method, r.RequestURI, r.Host, r.Header, body}
	}))
	behind.Config.DisableGeneralOptionsHandler = true // the test handles OPTIONS * itself
	behind.Start()
	t.Cleanup(behind.Close)

	for _, name := range []string{strictHAProxy, strictNginx, openNginx} {
		p.addr[name] = freeAddr(t)
	}
	dir := t.TempDir()
	words := strings.NewReplacer("DIR", dir, "BEHIND", behind.Listener.Addr().String(),
		"HAPROXY", p.addr[strictHAProxy], "STRICT", p.addr[strictNginx], "OPEN", p.addr[openNginx])
	conf := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(words.Replace(text)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	startTool(t, []string{p.addr[strictHAProxy]}, "haproxy", "-db", "-f", conf("haproxy.cfg", `
defaults
	mode http
	timeout connect 60s
	timeout client 60s
	timeout server 60s
listen front
	bind HAPROXY
	server behind BEHIND
`))
	startTool(t, []string{p.addr[strictNginx], p.addr[openNginx]}, "nginx", "-e", "stderr", "-p", dir, "-c", conf("nginx.conf", `
daemon off;
master_process off;
pid DIR/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	proxy_http_version 1.1;
	proxy_set_header Host $http_host;
	proxy_set_header Connection "";
	server {
		listen STRICT;
		location / { proxy_pass http://BEHIND; }
	}
	server {
		listen OPEN;
		ignore_invalid_headers off;
		underscores_in_headers on;
		location / { proxy_pass http://BEHIND; }
	}
}
`))
	return p
}

// freeAddr is an address for a server that opens its own port. The port is
// below the ephemeral range.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(22000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

// startTool starts a server and returns when it accepts connections at addrs.
func startTool(t *testing.T, addrs []string, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Fatalf("%s is missing; testdata/setup.sh installs it", name)
		}
	}
	var output bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
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
		if t.Failed() {
			t.Logf("%s: %v\n%s", name, cmd.ProcessState, &output)
		}
	})
	end := time.Now().Add(patience)
	for _, addr := range addrs {
		for {
			c, err := net.Dial("tcp", addr)
			if err == nil {
				_ = c.Close()
				break
			}
			select {
			case <-ended:
				t.Fatalf("%s: %v\n%s", name, cmd.ProcessState, &output)
			case <-time.After(time.Millisecond):
			}
			if time.Now().After(end) {
				t.Fatalf("%s does not accept at %s", name, addr)
			}
		}
	}
}

// patience limits every wait; no measurement depends on it.
const patience = 5 * time.Minute

// pass sends r to the named parser. It returns the status and the request that
// arrived, if any.
func (p *parsers) pass(t *testing.T, name string, r *h1.Request) (status int, got *arrived) {
	t.Helper()
	if err := r.Validate(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", p.addr[name])
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(r.Append(nil)); err != nil {
		t.Fatal(err)
	}
	var response h1.Parser
	response.Reset(r.Method == "HEAD")
	buf := make([]byte, 4096)
	for !response.Done() {
		n, err := c.Read(buf)
		if err == nil {
			_, err = response.Feed(buf[:n])
		}
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	select {
	case a := <-p.got:
		got = &a
	default:
	}
	return response.Status(), got
}

// differs describes how the request that arrived differs from r; uri may differ
// from the target.
func (got *arrived) differs(r *h1.Request, uri string, keeps func(name string) bool) string {
	want := http.Header{}
	for _, f := range r.Fields {
		if name := textproto.CanonicalMIMEHeaderKey(f.Name); keeps(f.Name) {
			want[name] = append(want[name], strings.Trim(f.Value, " \t"))
		}
	}
	if length := strconv.Itoa(len(r.Body)); len(r.Body) > 0 || slices.Contains([]string{"POST", "PUT", "PATCH"}, r.Method) {
		want["Content-Length"] = []string{length}
	}
	delete(got.header, "Connection") // hop-by-hop
	method := cmp.Or(r.Method, "GET")
	switch {
	case got.method != method, got.uri != uri, got.host != r.Host:
		return fmt.Sprintf("%s %s of host %q; want %s %s of %q", got.method, got.uri, got.host, method, uri, r.Host)
	case !bytes.Equal(got.body, r.Body):
		return fmt.Sprintf("a body of %d bytes %.99q; want %d bytes %.99q", len(got.body), got.body, len(r.Body), r.Body)
	}
	return gocmp.Diff(want, got.header)
}

func keeper(parser string) func(name string) bool {
	return func(name string) bool {
		return parser != strictNginx || !strings.ContainsFunc(name, func(c rune) bool {
			return c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
		})
	}
}

func TestParsers(t *testing.T) {
	p := startParsers(t)
	long := strings.Repeat("0123456789abcdef", 250) // 4,000 bytes; both accept up to 8 KiB per line
	many := make([]h1.Field, 80)                    // HAProxy accepts 101, including its own
	for i := range many {
		many[i] = h1.Field{Name: fmt.Sprintf("X-%d", i), Value: strconv.Itoa(i)}
	}
	fields := func(f ...h1.Field) h1.Request { return h1.Request{Fields: f} }
	capitals := "it takes capitals, - and _ alone for a method"
	for name, test := range map[string]struct {
		h1.Request
		uri     string // the one that arrives, if not the target
		refused string // why nginx rejects it
	}{
		"GET":                  {Request: h1.Request{}},
		"HEAD":                 {Request: h1.Request{Method: "HEAD"}},
		"POST":                 {Request: h1.Request{Method: "POST", Body: []byte("a=b")}},
		"POST, empty":          {Request: h1.Request{Method: "POST"}},
		"PUT, empty":           {Request: h1.Request{Method: "PUT"}},
		"PATCH, empty":         {Request: h1.Request{Method: "PATCH"}},
		"DELETE":               {Request: h1.Request{Method: "DELETE"}},
		"GET with a body":      {Request: h1.Request{Body: []byte("\r\n\r\nGET / HTTP/1.1\r\n\r\n")}},
		"HEAD with a body":     {Request: h1.Request{Method: "HEAD", Body: []byte("x")}},
		"DELETE with a body":   {Request: h1.Request{Method: "DELETE", Body: []byte("x")}},
		"big body":             {Request: h1.Request{Method: "PUT", Body: bytes.Repeat([]byte("\x00\xff\r\n"), 50000)}},
		"OPTIONS":              {Request: h1.Request{Method: "OPTIONS"}},
		"OPTIONS *":            {Request: h1.Request{Method: "OPTIONS", Target: "*"}, refused: "it knows no asterisk form"},
		"TRACE":                {Request: h1.Request{Method: "TRACE"}, refused: "it never takes TRACE"},
		"PROPFIND":             {Request: h1.Request{Method: "PROPFIND"}},
		"PURGE":                {Request: h1.Request{Method: "PURGE"}},
		"M-SEARCH":             {Request: h1.Request{Method: "M-SEARCH"}},
		"VERSION-CONTROL":      {Request: h1.Request{Method: "VERSION-CONTROL"}},
		"of one letter":        {Request: h1.Request{Method: "X"}},
		"get":                  {Request: h1.Request{Method: "get"}, refused: capitals},
		"any token":            {Request: h1.Request{Method: "!#$%&'*+-.^_`|~09AZaz"}, refused: capitals},
		"query":                {Request: h1.Request{Target: "/a?b=c&d=e&d=&f"}},
		"empty query":          {Request: h1.Request{Target: "/?"}},
		"query of ?":           {Request: h1.Request{Target: "/a???=?"}},
		"query, all it may be": {Request: h1.Request{Target: "/?az09-._~!$&'()*+,;=:@/?%00%fF"}},
		"query, and more":      {Request: h1.Request{Target: "/?[]{}|\\^`\"<>"}}, // characters that people type and servers accept
		"path, all it may be":  {Request: h1.Request{Target: "/az09-._~!$&'()*+,;=:@/%2F%c3%A4"}},
		"path parameters":      {Request: h1.Request{Target: "/a;b=c/d;;/;"}},
		"empty segments":       {Request: h1.Request{Target: "//a///b//"}},
		"dot segments":         {Request: h1.Request{Target: "/./a/../b/.../c/."}},
		"long path":            {Request: h1.Request{Target: "/" + long}},
		"long query":           {Request: h1.Request{Target: "/?" + long}},
		"absolute form":        {Request: h1.Request{Target: "http://gateway/a?b", Host: "gateway"}, uri: "/a?b"},
		"host and port":        {Request: h1.Request{Host: "gateway:8080"}},
		"host in capitals":     {Request: h1.Request{Host: "GateWay.Example:80"}},
		"host with a dot":      {Request: h1.Request{Host: "gateway.example."}},
		"host with _":          {Request: h1.Request{Host: "the_gateway"}},
		"IPv4":                 {Request: h1.Request{Host: "192.0.2.1:80"}},
		"IPv6":                 {Request: h1.Request{Host: "[2001:db8::1]"}},
		"IPv6 and port":        {Request: h1.Request{Host: "[::1]:8080"}},
		"many fields":          {Request: fields(many...)},
		"a long field":         {Request: fields(h1.Field{Name: "X", Value: long})},
		"empty field":          {Request: fields(h1.Field{Name: "X"}, h1.Field{Name: "Y", Value: "y"})},
		"field of white space": {Request: fields(h1.Field{Name: "X", Value: " \t "})},
		"white space within":   {Request: fields(h1.Field{Name: "X", Value: "\t a \t b "})},
		"obs-text":             {Request: fields(h1.Field{Name: "X", Value: "\x80\xff ä €"})},
		"all of a value":       {Request: fields(h1.Field{Name: "X", Value: "!\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"})},
		"repeated":             {Request: fields(h1.Field{Name: "X", Value: "1"}, h1.Field{Name: "Y", Value: "2"}, h1.Field{Name: "x", Value: "3"}, h1.Field{Name: "X", Value: ""})},
		"cookies":              {Request: fields(h1.Field{Name: "Cookie", Value: "a=b; c=d"}, h1.Field{Name: "Cookie", Value: "e=\"f\""})},
		"any name":             {Request: fields(h1.Field{Name: "!#$%&'*+-.^_`|~09AZaz", Value: "x"}, h1.Field{Name: "a_b", Value: "y"}, h1.Field{Name: "9", Value: "z"})},
		"to be closed":         {Request: h1.Request{Close: true}},
	} {
		r := test.Request
		r.Host = cmp.Or(r.Host, "gateway")
		r.Target = cmp.Or(r.Target, "/")
		for parser := range p.addr {
			t.Run(parser+"/"+name, func(t *testing.T) {
				status, got := p.pass(t, parser, &r)
				switch {
				case parser != strictHAProxy && test.refused != "":
					if status < 400 || status > 499 || got != nil {
						t.Errorf("status %d, %+v arrived; want it rejected: %s", status, got, test.refused)
					}
					return
				case status != 200 || got == nil:
					t.Fatalf("status %d, %+v arrived:\n%.999q", status, got, r.Append(nil))
				}
				uri := r.Target
				if parser != strictHAProxy {
					uri = cmp.Or(test.uri, uri)
				}
				if diff := got.differs(&r, uri, keeper(parser)); diff != "" {
					t.Errorf("%s:\n%.999q", diff, r.Append(nil))
				}
			})
		}
	}
}

// TestParsersRandom does the same with random requests.
func TestParsersRandom(t *testing.T) {
	p := startParsers(t)
	random := randomRequests{rand.New(rand.NewPCG(1, 2))}
	for i := range 500 {
		r := random.request()
		for parser := range p.addr {
			if status, got := p.pass(t, parser, r); status != 200 || got == nil {
				t.Errorf("%d: %s: status %d, %+v arrived:\n%.3000q", i, parser, status, got, r.Append(nil))
			} else if diff := got.differs(r, r.Target, keeper(parser)); diff != "" {
				t.Errorf("%d: %s: %s:\n%.3000q", i, parser, diff, r.Append(nil))
			}
		}
	}
}

// randomRequests makes requests that both HAProxy and nginx must accept.
type randomRequests struct{ *rand.Rand }

const (
	letters    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	unreserved = letters + "abcdefghijklmnopqrstuvwxyz0123456789-._~"
	pchar      = unreserved + "!$&'()*+,;=:@"
	tchar      = unreserved + "!#$%&'*+^`|"
)

func (r randomRequests) of(alphabet string, least, most int) string {
	b := make([]byte, least+r.IntN(most-least+1))
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

// escaped adds random percent-escapes; nginx does not accept %00 in a path.
func (r randomRequests) escaped(alphabet string, most int) string {
	var b strings.Builder
	for range r.IntN(4) {
		b.WriteString(r.of(alphabet, 0, most))
		fmt.Fprintf(&b, []string{"%%%02x", "%%%02X"}[r.IntN(2)], 1+r.IntN(255))
	}
	return b.String() + r.of(alphabet, 0, most)
}

func (r randomRequests) request() *h1.Request {
	methods := []string{"", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "X" + r.of(letters+"-_", 0, 20)}
	hosts := []string{"gateway", "gateway:8080", "127.0.0.1", "[::1]", "[2001:db8::1]:80", r.of("abc-_019", 1, 30) + "." + r.of("abc-019", 1, 30)}
	made := &h1.Request{
		Method: methods[r.IntN(len(methods))],
		Host:   hosts[r.IntN(len(hosts))],
		Close:  r.IntN(4) == 0,
	}
	for range 1 + r.IntN(5) {
		made.Target += "/" + r.escaped(pchar, 20)
	}
	if r.IntN(2) == 0 {
		made.Target += "?" + r.escaped(pchar+"/?", 100)
	}
	for range r.IntN(20) {
		name := "X-" + r.of(tchar, 1, 20)
		if len(made.Fields) > 0 && r.IntN(4) == 0 {
			name = made.Fields[r.IntN(len(made.Fields))].Name
		}
		value := make([]byte, r.IntN(100))
		for i := range value {
			for value[i] = byte(r.IntN(256)); value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f; {
				value[i] = byte(r.IntN(256))
			}
		}
		made.Fields = append(made.Fields, h1.Field{Name: name, Value: string(value)})
	}
	if r.IntN(2) == 0 {
		made.Body = make([]byte, r.IntN(20000))
		for i := range made.Body {
			made.Body[i] = byte(r.IntN(256))
		}
	}
	return made
}

// TestParsersURL: how a URL appears in a request.
func TestParsersURL(t *testing.T) {
	p := startParsers(t)
	for name, test := range map[string]struct{ url, uri, host, auth string }{
		"bare":               {url: "http://gateway", uri: "/", host: "gateway"},
		"fragment":           {url: "http://gateway/a?b#c", uri: "/a?b", host: "gateway"},
		"empty query":        {url: "http://gateway/?", uri: "/?", host: "gateway"},
		"query alone":        {url: "http://gateway?a=b", uri: "/?a=b", host: "gateway"},
		"userinfo":           {url: "http://user:p%40ss@gateway/a", uri: "/a", host: "gateway", auth: "Basic dXNlcjpwQHNz"},
		"non-ASCII path":     {url: "http://gateway/ä/€", uri: "/%C3%A4/%E2%82%AC", host: "gateway"},
		"non-ASCII, given":   {url: "http://gateway/%c3%a4", uri: "/%c3%a4", host: "gateway"},
		"escapes stay":       {url: "http://gateway/%2F%7e%3b?%3d%26", uri: "/%2F%7e%3b?%3d%26", host: "gateway"},
		"space in the path":  {url: "http://gateway/a b", uri: "/a%20b", host: "gateway"},
		"semicolons":         {url: "http://gateway/a;b?c;d", uri: "/a;b?c;d", host: "gateway"},
		"dots stay":          {url: "http://gateway/a/../b//c/.", uri: "/a/../b//c/.", host: "gateway"},
		"odd characters":     {url: `http://gateway/{a}|[b]^"<>?{a}|[b]^"<>`, uri: `/%7Ba%7D%7C[b]%5E%22%3C%3E?{a}|[b]^"<>`, host: "gateway"},
		"IPv6":               {url: "http://[2001:db8::1]:8080/", uri: "/", host: "[2001:db8::1]:8080"},
		"port left empty":    {url: "http://gateway:/", uri: "/", host: "gateway"},
		"default port":       {url: "http://gateway:80/", uri: "/", host: "gateway:80"},
		"capitals":           {url: "HTTP://GateWay/A", uri: "/A", host: "GateWay"},
		"space in the query": {url: "http://gateway/?a b", uri: "/?a%20b", host: "gateway"},
		"non-ASCII query":    {url: "http://gateway/?ä", uri: "/?%C3%A4", host: "gateway"},
	} {
		for parser, addr := range p.addr {
			t.Run(parser+"/"+name, func(t *testing.T) {
				to, err := loadgen.ParseConnectTo("::" + addr)
				if err != nil {
					t.Fatal(err)
				}
				run := runLoad(t, loadgen.Config{URL: test.url, ConnectTo: []loadgen.ConnectTo{to}, Requests: 1, Workers: 1})
				if run.Counts.OK != 1 {
					t.Fatalf("%+v, statuses %v", run.Counts, run.Statuses)
				}
				got := <-p.got
				if auth := got.header.Get("Authorization"); got.uri != test.uri || got.host != test.host || auth != test.auth {
					t.Errorf("%s of host %s, authorization %q; want %s of %s, %q", got.uri, got.host, auth, test.uri, test.host, test.auth)
				}
			})
		}
	}
}
