package loadgen

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// Options are the settings of a load as people write them, one field each. A
// zero means what it says, so start from DefaultOptions.
type Options struct {
	// Given lists the options that were set explicitly. It tells an empty value
	// that somebody wrote, a mistake, from none.
	Given []Option

	Requests       int64
	Workers        int
	Rate           float64       // requests per second and worker; 0 = no limit
	Duration       time.Duration // not given = Requests decides
	Timeout        time.Duration // of a whole request; 0 = none
	ConnectTimeout time.Duration // of one connection; 0 = only Timeout bounds it

	Method      string
	Headers     []string // "Name: value"; "Name;" = an empty value, "Name:" = not sent
	Accept      string
	ContentType string
	UserAgent   string
	Auth        string // username:password
	Host        string
	Body        string
	BodyFile    string    // instead of Body; "-" = Stdin
	Stdin       io.Reader // nil = BodyFile "-" is rejected

	DisableCompression bool
	DisableKeepAlive   bool
	DisableRedirects   bool

	MaxBody        int64
	OK             record.StatusSet
	EndpointHeader string
	DNS            DNSMode
	ConnectTo      []string // HOST:PORT:ADDR:PORT
	Source         string   // ADDR[,ADDR...]
	Proxy          string   // host:port or a URL
	UnixSocket     string
	H2             bool // HTTP/2 over https, if the server chooses it
	H2C            bool // HTTP/2 over http
	Streams        int  // most requests at a time on a connection of HTTP/2
	Engine         record.Engine
	CPUs           int
	TraceLost      int

	Insecure bool
	CACert   string // name of a file, as are Cert and Key
	Cert     string
	Key      string
	SNI      string
	TLSMin   string // a version such as 1.2
	TLSMax   string

	TLSResume bool

	ExpectBody    string   // a regular expression, sha256:HEX or length:N
	ExpectHeaders []string // NAME: REGEX
	Probe         ProbeMode
}

// DefaultOptions returns hey's defaults, and nodrop's own for the rest.
func DefaultOptions() Options {
	return Options{
		Requests: DefaultRequests, Workers: DefaultWorkers, Timeout: DefaultTimeout,
		Method: "GET", ContentType: "text/html", UserAgent: "nodrop/" + Version,
		OK: record.DefaultOK, DNS: DNSRefresh, Streams: DefaultStreams, Engine: record.EngineAuto, CPUs: runtime.GOMAXPROCS(0),
		Probe: ProbeAuto,
	}
}

// Config makes a validated Config for url. An error about an option is an
// *OptionError.
func (o *Options) Config(url string) (Config, error) {
	if err := o.check(); err != nil {
		return Config{}, err
	}
	c := Config{
		URL: url, Requests: o.Requests, Workers: o.Workers, Rate: o.Rate, Duration: o.Duration,
		Timeout: o.Timeout, ConnectTimeout: o.ConnectTimeout,
		Method: strings.ToUpper(o.Method), Host: o.Host,
		DisableKeepAlive: o.DisableKeepAlive, DisableRedirects: o.DisableRedirects,
		UnixSocket: o.UnixSocket, TraceLost: o.TraceLost, MaxBody: o.MaxBody,
		OK: o.OK, EndpointHeader: o.EndpointHeader, DNS: o.DNS,
		Streams: o.Streams, Engine: o.Engine, CPUs: o.CPUs, Probe: o.Probe,
		ExpectBody: o.ExpectBody, ExpectHeaders: o.ExpectHeaders,
	}
	if c.Timeout == 0 {
		c.Timeout = -1
	}
	c.HTTP2 = o.http2()
	var err error
	c.Body = []byte(o.Body)
	if o.BodyFile != "" {
		if c.Body, c.BodyFile, err = o.readBody(); err != nil {
			return Config{}, err
		}
	}
	if err := o.setFields(&c); err != nil {
		return Config{}, err
	}
	if o.Proxy != "" || o.given(OptionProxy) {
		if c.Proxy, err = ParseProxy(o.Proxy); err != nil {
			return Config{}, err
		}
	}
	if c.TLS, err = o.readTLS(); err != nil {
		return Config{}, err
	}
	for _, s := range o.ConnectTo {
		to, err := ParseConnectTo(s)
		if err != nil {
			return Config{}, err
		}
		c.ConnectTo = append(c.ConnectTo, to)
	}
	if o.Source != "" || o.given(OptionSource) {
		if c.Sources, err = ParseSources(o.Source); err != nil {
			return Config{}, err
		}
	}
	if err := c.Validate(); err != nil {
		return c, err
	}
	return c, o.checkTLS(url)
}

func (o *Options) given(option Option) bool { return slices.Contains(o.Given, option) }

// check rejects what a Config cannot express: an explicit zero, which in a Config
// means the default.
func (o *Options) check() error {
	switch {
	case o.Workers < 1:
		return wrong("%v %d: at least 1 worker is needed", OptionWorkers, o.Workers)
	case o.Workers > 1_000_000:
		return wrong("%v %d: more workers than a machine has ports", OptionWorkers, o.Workers)
	case o.Duration < 0 || o.given(OptionDuration) && o.Duration == 0:
		return wrong("%v %v: must be more than 0", OptionDuration, o.Duration)
	case o.Duration == 0 && o.Requests < 1:
		return wrong("%v %d: at least 1 request is needed", OptionRequests, o.Requests)
	case o.Timeout < 0:
		return wrong("%v %v: cannot be negative", OptionTimeout, o.Timeout)
	case o.CPUs < 1:
		return wrong("%v %d: at least 1 is needed", OptionCPUs, o.CPUs)
	case o.Method == "":
		return wrong("%v: no method given", OptionMethod)
	case o.given(OptionBody) && o.given(OptionBodyFile):
		return wrong("%v and %v: each is the body; use only one", OptionBody, OptionBodyFile)
	case o.BodyFile == "" && o.given(OptionBodyFile):
		return wrong("%v: no file given", OptionBodyFile)
	case o.OK == "":
		return wrong("%v: no status given", OptionOK)
	case o.ExpectBody == "" && o.given(OptionExpectBody):
		return wrong("%v: nothing given to expect", OptionExpectBody)
	case o.H2 && o.H2C:
		return wrong("%v and %v: each is a way to speak HTTP/2; use only one", OptionH2, OptionH2C)
	case o.Streams < 1:
		return wrong("%v %d: at least 1 is needed", OptionStreams, o.Streams)
	case o.given(OptionStreams) && !o.H2 && !o.H2C:
		return wrong("%v: requests share connections only over HTTP/2", OptionStreams).try("add %v for https://, %v for http://", OptionH2, OptionH2C)
	}
	return nil
}

// tlsOptions are the options that have no effect without TLS.
var tlsOptions = []Option{OptionInsecure, OptionCACert, OptionCert, OptionKey, OptionSNI, OptionTLSMin, OptionTLSMax, OptionTLSResume}

// checkTLS rejects TLS options for a load that can never use TLS.
func (o *Options) checkTLS(url string) error {
	if t, err := parseTarget(url); err != nil || t.TLS || !o.DisableRedirects {
		return err
	}
	for _, option := range tlsOptions {
		if o.given(option) {
			return wrong("%v: %s is not an https:// URL, and redirects are not followed", option, safetext.MaskURL(url))
		}
	}
	return nil
}

// setFields builds the request's fields in hey's order and precedence: Headers
// over ContentType and UserAgent, Accept and Auth over Headers.
func (o *Options) setFields(c *Config) error {
	fields := fieldList{{Name: "User-Agent", Value: o.UserAgent}, {Name: "Content-Type", Value: o.ContentType}}
	for _, h := range o.Headers {
		f, omit, err := ParseField(h)
		switch {
		case err != nil:
			return err
		case strings.EqualFold(f.Name, "Host"):
			if f.Value == "" {
				return wrong("%v %q: a request needs a Host header", OptionHeader, h).try(`%v "Host: NAME"`, OptionHeader)
			}
			if o.Host == "" {
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
	if o.Accept != "" {
		fields.set("Accept", o.Accept)
	}
	if o.Auth != "" {
		user, password, ok := strings.Cut(o.Auth, ":")
		if !ok {
			return wrong("%v: no colon between user and password", OptionAuth).try("write username:password")
		}
		fields.set("Authorization", safetext.BasicAuth(user, password))
	}
	if !o.DisableCompression && !hasField(fields, "Accept-Encoding") && !c.omits("Accept-Encoding") {
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

// ParseTimeout reads a duration. A bare number means seconds, as in hey's -t.
func ParseTimeout(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		if n > 1e9 || n < -1e9 || n != n {
			return 0, errors.New("out of range")
		}
		return time.Duration(n * float64(time.Second)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, errors.New("want seconds, or a duration such as 500ms")
	}
	return d, nil
}
