package loadgen

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// FlagValues holds the values of the load flags until Config makes a Config of
// them.
type FlagValues struct {
	Stdin io.Reader // what -D - reads; nil = -D - is rejected

	set *pflag.FlagSet

	requests, workers int64
	rate              float64
	duration          time.Duration
	timeout           seconds
	connectTimeout    time.Duration

	method, accept, contentType, auth, userAgent, host string
	headers                                            []string
	body, bodyFile                                     string

	noCompression, noKeepAlive, noRedirects bool

	ok, endpointHeader, dns string
	connectTo               []string
	source                  string
	traceLost               int
	maxBody                 int64
	cpus                    int
	engine                  string

	insecure                            bool
	caFile, certFile, keyFile, sni, tls string

	proxy, unixSocket string
	h2                bool
}

// Flags defines the load flags on fs: hey's, then nodrop's own.
func Flags(fs *pflag.FlagSet) *FlagValues {
	v := &FlagValues{set: fs, timeout: seconds(DefaultTimeout)}
	fs.Int64VarP(&v.requests, "n", "n", DefaultRequests, "number of requests; exactly that many are sent")
	fs.Int64VarP(&v.workers, "c", "c", DefaultWorkers, "number of workers, each with one connection at a time")
	fs.Float64VarP(&v.rate, "q", "q", 0, "rate limit, in requests per second and worker (0: none)")
	fs.DurationVarP(&v.duration, "z", "z", 0, "how long to send; with it -n does not count (10s, 3m)")
	fs.StringVarP(&v.method, "m", "m", "GET", "HTTP method")
	fs.StringArrayVarP(&v.headers, "H", "H", nil, "header field, \"name: value\"; \"name;\" is sent empty, \"name:\" not at all; repeatable, a repeated name replaces")
	fs.VarP(&v.timeout, "t", "t", "timeout of a whole request, in seconds or as 500ms (0: none)")
	fs.StringVarP(&v.accept, "A", "A", "", "Accept field")
	fs.StringVarP(&v.body, "d", "d", "", "request body")
	fs.StringVarP(&v.bodyFile, "D", "D", "", "request body, from a file")
	fs.StringVarP(&v.contentType, "T", "T", "text/html", "Content-Type field")
	fs.StringVarP(&v.auth, "a", "a", "", "basic authentication, username:password")
	fs.StringVarP(&v.userAgent, "U", "U", "nodrop/"+Version, "User-Agent field")
	fs.StringVar(&v.host, "host", "", "Host field")
	fs.BoolVar(&v.noCompression, "disable-compression", false, "do not ask for gzip")
	fs.BoolVar(&v.noKeepAlive, "disable-keepalive", false, "a new connection for every request")
	fs.BoolVar(&v.noRedirects, "disable-redirects", false, "do not follow redirects")
	fs.IntVar(&v.cpus, "cpus", runtime.GOMAXPROCS(0), "processors to use")

	fs.DurationVar(&v.connectTimeout, "connect-timeout", 0, "timeout of one connection attempt (0: only -t)")
	fs.StringVar(&v.ok, "ok", string(record.DefaultOK), "statuses that are not a loss: 200, 2xx, 200-299, comma-separated")
	fs.StringArrayVar(&v.connectTo, "connect-to", nil, "HOST:PORT:ADDR:PORT; connect to ADDR:PORT instead; repeatable, connections take turns")
	fs.StringVar(&v.source, "source", "", "addresses of this machine to connect from, in turn: ADDR[,ADDR...]")
	fs.StringVar(&v.endpointHeader, "endpoint-header", "", "response field that names the replica")
	fs.Int64Var(&v.maxBody, "max-body", 0, "bytes of a body beyond which an answer is lost and no further read (0: none)")
	fs.IntVar(&v.traceLost, "trace-lost", 0, "tell the first so many lost requests step by step")
	fs.StringVar(&v.dns, "dns", string(DNSRefresh), "when to resolve the name: "+strings.Join(DNSModeNames(), ", "))

	fs.StringVar(&v.engine, "engine", string(record.EngineAuto), "what sends: loop (epoll: http:// on Linux), pool (everything), auto (loop where it applies)")

	fs.BoolVar(&v.insecure, "insecure", false, "do not verify the server's certificate")
	fs.StringVar(&v.caFile, "cacert", "", "file of the certificates to trust in place of the system's, PEM")
	fs.StringVar(&v.certFile, "cert", "", "file of the client's certificate, PEM; with --key")
	fs.StringVar(&v.keyFile, "key", "", "file of its key, PEM")
	fs.StringVar(&v.sni, "sni", "", "server name to ask for and to verify (default: that of --host, or of the URL)")
	fs.StringVar(&v.tls, "tls-min", "", "lowest TLS version: 1.0, 1.1, 1.2, 1.3 (default 1.2)")

	fs.StringVarP(&v.proxy, "x", "x", "", "proxy, host:port, http://user:password@host:port or socks5://user:password@host:port")
	fs.StringVar(&v.unixSocket, "unix-socket", "", "path of a unix socket to connect to")
	fs.BoolVar(&v.h2, "h2", false, "HTTP/2")
	_ = fs.MarkHidden("h2") // fails only for an unknown flag
	return v
}

// CPUs is the number of processors to use, at least 1.
func (v *FlagValues) CPUs() int { return max(1, v.cpus) }

// Config makes a validated Config for url. Errors name the flag.
func (v *FlagValues) Config(url string) (Config, error) {
	if err := v.check(); err != nil {
		return Config{}, err
	}
	c := Config{
		URL: url, Requests: v.requests, Workers: int(v.workers), Rate: v.rate, Duration: v.duration,
		Timeout: time.Duration(v.timeout), ConnectTimeout: v.connectTimeout,
		Method: strings.ToUpper(v.method), Host: v.host,
		DisableKeepAlive: v.noKeepAlive, DisableRedirects: v.noRedirects,
		UnixSocket: v.unixSocket, TraceLost: v.traceLost, MaxBody: v.maxBody,
		OK: record.StatusSet(v.ok), EndpointHeader: v.endpointHeader, DNS: DNSMode(v.dns),
		Engine: record.Engine(v.engine), CPUs: v.CPUs(),
	}
	if c.Timeout == 0 {
		c.Timeout = -1
	}
	var err error
	c.Body = []byte(v.body)
	if v.bodyFile != "" { // wins over -d, as in hey
		if c.Body, c.BodyFile, err = v.readBody(); err != nil {
			return Config{}, err
		}
	}
	if err := v.setFields(&c); err != nil {
		return Config{}, err
	}
	if v.set.Changed("x") {
		if c.Proxy, err = ParseProxy(v.proxy); err != nil {
			return Config{}, err
		}
	}
	if c.TLS, err = loadTLS(v.insecure, v.caFile, v.certFile, v.keyFile, v.sni, v.tls); err != nil {
		return Config{}, err
	}
	for _, s := range v.connectTo {
		to, err := ParseConnectTo(s)
		if err != nil {
			return Config{}, err
		}
		c.ConnectTo = append(c.ConnectTo, to)
	}
	if v.set.Changed("source") {
		if c.Sources, err = ParseSources(v.source); err != nil {
			return Config{}, err
		}
	}
	if err := c.Validate(); err != nil {
		return c, err
	}
	return c, v.checkTLS(url)
}

// check rejects what a Config cannot express: an explicit zero, which in a Config
// means the default, and flags of hey that are not supported yet.
func (v *FlagValues) check() error {
	switch {
	case v.h2:
		return errors.New("-h2: HTTP/2 is not supported yet")
	case v.workers < 1:
		return fmt.Errorf("-c %d: at least 1 worker is needed", v.workers)
	case v.workers > 1_000_000:
		return fmt.Errorf("-c %d: more workers than a machine has ports", v.workers)
	case v.duration < 0 || v.set.Changed("z") && v.duration == 0:
		return fmt.Errorf("-z %v: must be longer than nothing", v.duration)
	case v.duration == 0 && v.requests < 1:
		return fmt.Errorf("-n %d: at least 1 request is needed", v.requests)
	case v.timeout < 0:
		return fmt.Errorf("-t %v: cannot be negative", time.Duration(v.timeout))
	case v.cpus < 1:
		return fmt.Errorf("-cpus %d: at least 1 is needed", v.cpus)
	case v.method == "":
		return errors.New("-m: no method given")
	case v.ok == "":
		return errors.New("--ok: no status given")
	}
	return nil
}

// tlsFlags are the flags that have no effect without TLS.
var tlsFlags = []string{"insecure", "cacert", "cert", "key", "sni", "tls-min"}

// checkTLS rejects TLS flags for a load that can never use TLS.
func (v *FlagValues) checkTLS(url string) error {
	if t, err := parseTarget(url); err != nil || t.TLS || !v.noRedirects {
		return err
	}
	for _, name := range tlsFlags {
		if v.set.Changed(name) {
			return fmt.Errorf("--%s: %s is not an https:// URL, and redirects are not followed", name, safetext.MaskURL(url))
		}
	}
	return nil
}

// setFields builds the request's fields in hey's order and precedence: -H over -T
// and -U, -A and -a over -H.
func (v *FlagValues) setFields(c *Config) error {
	fields := fieldList{{Name: "User-Agent", Value: v.userAgent}, {Name: "Content-Type", Value: v.contentType}}
	for _, h := range v.headers {
		f, omit, err := parseField(h)
		switch {
		case err != nil:
			return err
		case strings.EqualFold(f.Name, "Host"):
			if f.Value == "" {
				return &misuse.Error{Problem: fmt.Sprintf("-H %q: a request needs its Host", h), Hint: `-H "Host: NAME"`}
			}
			if v.host == "" {
				c.Host = f.Value
			}
		case omit:
			fields.drop(f.Name)
			c.Omit = append(c.Omit, f.Name)
		default:
			fields.set(f.Name, f.Value)
			c.Omit = slices.DeleteFunc(c.Omit, func(name string) bool { return strings.EqualFold(name, f.Name) })
		}
	}
	if v.accept != "" {
		fields.set("Accept", v.accept)
	}
	if v.auth != "" {
		user, password, ok := strings.Cut(v.auth, ":")
		if !ok {
			return &misuse.Error{Problem: "-a: no colon between user and password", Hint: "write username:password"}
		}
		fields.set("Authorization", safetext.BasicAuth(user, password))
	}
	if !v.noCompression && !hasField(fields, "Accept-Encoding") && !c.omits("Accept-Encoding") {
		fields.set("Accept-Encoding", "gzip")
	}
	c.Fields = fields
	return nil
}

type fieldList []Field

func (l *fieldList) set(name, value string) {
	for i := range *l {
		if strings.EqualFold((*l)[i].Name, name) {
			(*l)[i].Value = value
			return
		}
	}
	*l = append(*l, Field{Name: name, Value: value})
}

func (l *fieldList) drop(name string) {
	*l = slices.DeleteFunc(*l, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

// seconds is a duration; a bare number means seconds, as in hey's -t.
type seconds time.Duration

func (s *seconds) String() string {
	d := time.Duration(*s)
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10)
	}
	return d.String()
}

func (s *seconds) Set(text string) error {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n > 1e9 || n < -1e9 || n != n {
			return errors.New("out of range")
		}
		*s = seconds(n * float64(time.Second))
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return errors.New("want seconds, or a duration such as 500ms")
	}
	*s = seconds(d)
	return nil
}

func (s *seconds) Type() string { return "seconds" }
