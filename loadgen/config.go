package loadgen

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/probe"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// Version is nodrop's version, in its User-Agent and in recordings.
const Version = "0.1.0"

// Field is one header field of the request.
type Field = h1.Field

// Config says what to send. The zero value with a URL is hey without flags.
// Validate fills in defaults; nothing else interprets zero values.
type Config struct {
	URL      string
	ShownURL string           // the URL in texts; "" = the URL without its secrets
	Secrets  safetext.Secrets // to hide in responses, besides those of URL, Fields and Proxy
	Requests int64            // -n; 0 = 200
	Workers  int              // -c; 0 = 50
	Rate     float64          // -q, requests per second and worker; 0 = no limit
	Duration time.Duration    // -z; 0 = Requests decides

	Timeout        time.Duration // of a whole request; 0 = 20 s, negative = none
	ConnectTimeout time.Duration // of one connection, TLS not included; 0 = only Timeout bounds it

	Method string   // "" = GET
	Host   string   // Host field; "" = the URL's
	Fields []Field  // sent in this order, after Host
	Omit   []string // names of fields not to send, as in -H 'Name:'
	Body   []byte

	// BodyFile names a regular file to send instead of Body. New opens it, and
	// each request reads it again. If it cannot be read to the size it had in
	// New, the request is spoiled.
	BodyFile string

	DisableKeepAlive bool
	DisableRedirects bool

	// What a response must have, besides a status in OK, to be ok; a response
	// without it is lost as body.rejected.
	ExpectBody    string   // a regular expression, sha256:HEX or length:N; "" = anything
	ExpectHeaders []string // NAME: REGEX

	MaxBody int64 // maximum bytes of a response's body; more is a loss; 0 = no limit

	TLS TLS // for https URLs

	Proxy      *url.URL // nil = no proxy
	UnixSocket string   // path of the socket to connect to; "" = none

	OK             record.StatusSet // "" = 2xx,3xx
	ConnectTo      []ConnectTo      // addresses to connect to instead of the URL's
	Sources        []netip.Addr     // local addresses, used in turn; empty = the system chooses
	EndpointHeader string           // response field that names the replica
	DNS            DNSMode

	// Endpoints, if set, chooses every address, and the URL's host is only a
	// name. The lab's balancer uses it.
	Endpoints Endpoints

	// DrainBound is how long a stopped run waits for requests in flight; 0 = 5 s.
	DrainBound time.Duration

	Engine record.Engine // "" = EngineAuto
	CPUs   int           // processors to use; 0 = GOMAXPROCS

	// TraceLost is how many lost requests, from the first, are traced step by
	// step.
	TraceLost int

	// Probe says whether lost requests are followed by probes: connections
	// beside the load, in none of its counts. "" = ProbeAuto.
	Probe ProbeMode
	Event bool // something is done to the target during the load

	// Which run of a scenario this is; zero values for a plain load.
	Variant    string
	Stream     string        // name of this load among parallel ones; "" for a single load
	Repetition int           // from 1; 0 for a single run
	Gateway    string        // the gateway in front of the target, name and version; "" if unknown
	Replicas   int           // number of endpoints behind the address; 0 = unknown
	Sinks      []record.Sink // each receives every Result when it is complete

	corrected []string // what Validate changed in the request, one sentence each
}

// Defaults of the zero Config, the same as hey's.
const (
	DefaultRequests = 200
	DefaultWorkers  = 50
	DefaultTimeout  = 20 * time.Second
)

// Validate fills in defaults and checks the Config. The error is an *OptionError,
// except for a request that cannot be written.
func (c *Config) Validate() error {
	c.setDefaults()
	if err := c.validateLoad(); err != nil {
		return err
	}
	if err := c.normalizeFields(); err != nil {
		return err
	}
	c.URL = target.TrimBlanks(c.URL)
	target, err := parseTarget(c.URL)
	if err != nil {
		return err
	}
	for _, to := range c.ConnectTo {
		if !to.matches(target) {
			return wrong("%v %s: does not match the URL's host and port, %s", OptionConnectTo, to, target.Hostport())
		}
	}
	if c.Method == "CONNECT" {
		return wrong("%v CONNECT: opens a tunnel and has no response to count", OptionMethod)
	}
	if err := c.validateRoute(); err != nil {
		return err
	}
	if err := c.validateSources(target); err != nil {
		return err
	}
	if err := c.validateEngine(); err != nil {
		return err
	}
	if _, err := wanted(c.Method, c.ExpectBody, c.ExpectHeaders); err != nil {
		return err
	}
	req := c.request(target, c.Method, engine.Payload{Bytes: c.Body}, true)
	return req.Validate()
}

// validateRoute rejects a Config with more than one place to connect to.
func (c *Config) validateRoute() error {
	var given []any
	for _, route := range []struct {
		option Option
		set    bool
	}{{OptionConnectTo, len(c.ConnectTo) > 0}, {OptionProxy, c.Proxy != nil}, {OptionUnixSocket, c.UnixSocket != ""}} {
		if route.set {
			given = append(given, route.option)
		}
	}
	if len(given) > 1 {
		return wrong("%v"+strings.Repeat(" and %v", len(given)-1)+": each sets where connections go; use only one", given...)
	}
	return nil
}

func (c *Config) setDefaults() {
	if c.Requests == 0 {
		c.Requests = DefaultRequests
	}
	if c.Workers == 0 {
		c.Workers = DefaultWorkers
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	if c.Method == "" {
		c.Method = "GET"
	}
	if c.OK == "" {
		c.OK = record.DefaultOK
	}
	if c.DNS == "" {
		c.DNS = DNSRefresh
	}
	if c.Engine == "" {
		c.Engine = record.EngineAuto
	}
	if c.Probe == "" {
		c.Probe = ProbeAuto
	}
	if c.CPUs == 0 {
		c.CPUs = runtime.GOMAXPROCS(0)
	}
	if c.DrainBound == 0 {
		c.DrainBound = 5 * time.Second
	}
}

func (c *Config) validateLoad() error {
	switch {
	case c.Workers < 1:
		return wrong("%v %d: at least 1 worker is needed", OptionWorkers, c.Workers)
	case c.Duration < 0:
		return wrong("%v %v: a duration cannot be negative", OptionDuration, c.Duration)
	case c.Duration == 0 && c.Requests < 1:
		return wrong("%v %d: at least 1 request is needed", OptionRequests, c.Requests)
	case c.Duration == 0 && c.Requests < int64(c.Workers):
		return wrong("%v %d: cannot be less than %v %d", OptionRequests, c.Requests, OptionWorkers, c.Workers).try("%v %d", OptionWorkers, c.Requests)
	case c.Rate < 0 || math.IsNaN(c.Rate) || math.IsInf(c.Rate, 0):
		return wrong("%v %v: a rate must be finite and not negative", OptionRate, c.Rate)
	case c.Rate > 1e9:
		return wrong("%v %v: more than one request per nanosecond", OptionRate, c.Rate)
	case c.MaxBody < 0:
		return wrong("%v %d: cannot be negative", OptionMaxBody, c.MaxBody)
	case c.TraceLost < 0:
		return wrong("%v %d: cannot be negative", OptionTraceLost, c.TraceLost)
	case c.CPUs < 0:
		return wrong("%v %d: at least 1 is needed", OptionCPUs, c.CPUs)
	case c.ConnectTimeout < 0:
		return wrong("%v %v: cannot be negative", OptionConnectTimeout, c.ConnectTimeout)
	case !slices.Contains(probe.Modes(), string(c.Probe)):
		return wrong("%v %q: want one of %s", OptionProbe, string(c.Probe), strings.Join(probe.Modes(), ", "))
	}
	if err := c.DNS.Validate(); err != nil {
		return err
	}
	if _, err := c.OK.Compile(); err != nil {
		return wrong("%v %q: %v", OptionOK, string(c.OK), err).try("%v 2xx,3xx,404", OptionOK)
	}
	return nil
}

// request is the message for one hop. sameHost is false after a redirect to a
// host that the credentials are not for.
func (c *Config) request(t target.Target, method string, body engine.Payload, sameHost bool) h1.Request {
	host := t.HostField()
	fields := c.Fields
	if sameHost {
		if c.Host != "" {
			host = c.Host
		}
	} else {
		fields = withoutCredentials(fields)
	}
	if u := t.URL.User; u != nil && !hasField(fields, "authorization") && !c.omits("authorization") {
		password, _ := u.Password()
		fields = append(slices.Clip(fields), Field{Name: "Authorization", Value: safetext.BasicAuth(u.Username(), password)})
	}
	path := t.Path
	if c.asksProxy(t) {
		path, fields = t.Absolute(), append(slices.Clip(fields), c.proxyFields()...)
	}
	req := h1.Request{Method: method, Target: path, Host: host, Fields: fields, Body: body.Bytes}
	req.Close = c.DisableKeepAlive && !hasField(fields, "connection")
	if body.File != nil {
		req.Body, req.Length = nil, body.File.Size
	}
	return req
}

func (c *Config) omits(name string) bool {
	return slices.ContainsFunc(c.Omit, func(omitted string) bool { return strings.EqualFold(omitted, name) })
}

// closes reports whether every request asks the server to close the connection,
// by flag or by its own Connection field.
func (c *Config) closes() bool {
	return c.DisableKeepAlive || hasElement(c.Fields, "connection", "close")
}

// hasElement reports whether a list-valued field contains an element.
func hasElement(fields []Field, name, element string) bool {
	for _, f := range fields {
		if !strings.EqualFold(f.Name, name) {
			continue
		}
		for e := range strings.SplitSeq(f.Value, ",") {
			if strings.EqualFold(strings.TrimSpace(e), element) {
				return true
			}
		}
	}
	return false
}

// Shown is the URL as texts show it, without secrets.
func (c *Config) Shown() string { return safetext.MaskURL(cmp.Or(c.ShownURL, c.URL)) }

func hasField(fields []Field, name string) bool {
	return slices.ContainsFunc(fields, func(f Field) bool { return strings.EqualFold(f.Name, name) })
}

// withoutCredentials drops fields that must not follow a redirect to another
// host.
func withoutCredentials(fields []Field) []Field {
	var kept []Field
	for _, f := range fields {
		switch strings.ToLower(f.Name) {
		case "authorization", "cookie", "proxy-authorization", "www-authenticate":
		default:
			kept = append(kept, f)
		}
	}
	return kept
}

// ConnectTo redirects connections for Host:Port to Addr, like curl's option of
// that name. An empty Host or zero Port matches any.
type ConnectTo struct {
	Host string
	Port uint16
	Addr netip.AddrPort
}

func (c ConnectTo) String() string {
	port := ""
	if c.Port != 0 {
		port = strconv.Itoa(int(c.Port))
	}
	host := c.Host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port + ":" + c.Addr.String()
}

func (c ConnectTo) matches(t target.Target) bool {
	return (c.Host == "" || strings.EqualFold(c.Host, t.Host)) && (c.Port == 0 || c.Port == t.Port)
}

// ParseConnectTo reads HOST:PORT:ADDR:PORT. An IPv6 address is in brackets.
func ParseConnectTo(s string) (ConnectTo, error) {
	bad := func(why string) (ConnectTo, error) {
		return ConnectTo{}, wrong("%v %q: %s", OptionConnectTo, s, why)
	}
	host, rest, ok := cutHost(s)
	if !ok {
		return bad("want HOST:PORT:ADDR:PORT")
	}
	port, to, ok := strings.Cut(rest, ":")
	if !ok {
		return bad("want HOST:PORT:ADDR:PORT")
	}
	host, err := target.ASCIIHost(host)
	if err != nil {
		return bad(err.Error())
	}
	c := ConnectTo{Host: host}
	if port != "" {
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil || p == 0 {
			return bad(fmt.Sprintf("port %q is not between 1 and 65535", port))
		}
		c.Port = uint16(p)
	}
	addr, err := netip.ParseAddrPort(to)
	if err != nil || addr.Port() == 0 {
		return bad(fmt.Sprintf("%q is not an IP address and port", to))
	}
	c.Addr = addr
	return c, nil
}

// cutHost cuts "host:" or "[v6]:" off s.
func cutHost(s string) (host, rest string, ok bool) {
	if strings.HasPrefix(s, "[") {
		host, rest, ok = strings.Cut(s[1:], "]:")
		return host, rest, ok
	}
	return strings.Cut(s, ":")
}
