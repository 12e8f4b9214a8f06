package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen"
)

// LoadFlags holds the values of the load flags until Config makes a Config of
// them.
type LoadFlags struct {
	loadgen.Options
	set *pflag.FlagSet
	h2  bool
}

// flagNames has the flag of each option. Those of hey that have a long name are
// written with one dash, as hey does.
var flagNames = [...]string{
	loadgen.OptionURL:            "URL",
	loadgen.OptionRequests:       "-n",
	loadgen.OptionWorkers:        "-c",
	loadgen.OptionRate:           "-q",
	loadgen.OptionDuration:       "-z",
	loadgen.OptionTimeout:        "-t",
	loadgen.OptionConnectTimeout: "--connect-timeout",
	loadgen.OptionMethod:         "-m",
	loadgen.OptionHeader:         "-H",
	loadgen.OptionAccept:         "-A",
	loadgen.OptionContentType:    "-T",
	loadgen.OptionUserAgent:      "-U",
	loadgen.OptionAuth:           "-a",
	loadgen.OptionHost:           "-host",
	loadgen.OptionBody:           "-d",
	loadgen.OptionBodyFile:       "-D",
	loadgen.OptionCompression:    "-disable-compression",
	loadgen.OptionKeepAlive:      "-disable-keepalive",
	loadgen.OptionRedirects:      "-disable-redirects",
	loadgen.OptionMaxBody:        "--max-body",
	loadgen.OptionOK:             "--ok",
	loadgen.OptionEndpointHeader: "--endpoint-header",
	loadgen.OptionDNS:            "--dns",
	loadgen.OptionConnectTo:      "--connect-to",
	loadgen.OptionSource:         "--source",
	loadgen.OptionProxy:          "-x",
	loadgen.OptionUnixSocket:     "--unix-socket",
	loadgen.OptionEngine:         "--engine",
	loadgen.OptionCPUs:           "-cpus",
	loadgen.OptionTraceLost:      "--trace-lost",
	loadgen.OptionInsecure:       "--insecure",
	loadgen.OptionCACert:         "--cacert",
	loadgen.OptionCert:           "--cert",
	loadgen.OptionKey:            "--key",
	loadgen.OptionSNI:            "--sni",
	loadgen.OptionTLSMin:         "--tls-min",
	loadgen.OptionExpectBody:     "--expect-body",
	loadgen.OptionExpectHeader:   "--expect-header",
	loadgen.OptionProbe:          "--probe",
}

// flagName is the flag of an option, as messages write it.
func flagName(o loadgen.Option) string { return flagNames[o] }

// NewLoadFlags defines the load flags on fs: hey's, then nodrop's own.
func NewLoadFlags(fs *pflag.FlagSet, defaults loadgen.Options) *LoadFlags {
	v := &LoadFlags{Options: defaults, set: fs}
	fs.Int64VarP(&v.Requests, "n", "n", v.Requests, "number of requests to run")
	fs.IntVarP(&v.Workers, "c", "c", v.Workers, "number of workers to run concurrently; -n cannot be smaller")
	fs.Float64VarP(&v.Rate, "q", "q", v.Rate, "rate limit, in queries per second (QPS) per worker; 0 is no limit")
	fs.DurationVarP(&v.Duration, "z", "z", v.Duration, "duration to send requests, such as 10s or 3m; if specified, -n is ignored")
	fs.StringVarP(&v.Method, "m", "m", v.Method, "HTTP method: GET, POST, PUT, DELETE, HEAD, OPTIONS or any other")
	fs.StringArrayVarP(&v.Headers, "H", "H", v.Headers, `custom HTTP header, "Name: value"; "Name;" sends an empty value, "Name:" removes the header; repeatable, the last value of a name wins`)
	fs.VarP((*seconds)(&v.Timeout), "t", "t", "timeout for each request, in seconds or with a unit (500ms); 0 for infinite")
	fs.StringVarP(&v.Accept, "A", "A", v.Accept, "HTTP Accept header")
	fs.StringVarP(&v.Body, "d", "d", v.Body, "HTTP request body")
	fs.StringVarP(&v.BodyFile, "D", "D", v.BodyFile, "HTTP request body from file")
	fs.StringVarP(&v.ContentType, "T", "T", v.ContentType, "Content-Type header")
	fs.StringVarP(&v.Auth, "a", "a", v.Auth, "basic authentication, username:password")
	fs.StringVarP(&v.UserAgent, "U", "U", v.UserAgent, "User-Agent header")
	fs.StringVar(&v.Host, "host", v.Host, "HTTP Host header")
	fs.BoolVar(&v.DisableCompression, "disable-compression", v.DisableCompression, "disable compression")
	fs.BoolVar(&v.DisableKeepAlive, "disable-keepalive", v.DisableKeepAlive, "disable keep-alive, prevents re-use of TCP connections between different HTTP requests")
	fs.BoolVar(&v.DisableRedirects, "disable-redirects", v.DisableRedirects, "disable following of HTTP redirects")
	fs.IntVar(&v.CPUs, "cpus", v.CPUs, "number of used cpu cores")

	fs.DurationVar(&v.ConnectTimeout, "connect-timeout", v.ConnectTimeout, "timeout for each connection attempt; 0: only -t applies")
	fs.StringVar((*string)(&v.OK), "ok", string(v.OK), "statuses that count as ok, comma-separated: 200, 2xx, 200-299")
	fs.StringArrayVar(&v.ConnectTo, "connect-to", v.ConnectTo, "HOST:PORT:ADDR:PORT: connect to ADDR:PORT instead of HOST:PORT; repeatable, connections rotate through the addresses")
	fs.StringVar(&v.Source, "source", v.Source, "local addresses to connect from, used in rotation: ADDR[,ADDR...]")
	fs.StringVar(&v.EndpointHeader, "endpoint-header", v.EndpointHeader, "response header that names the replica")
	fs.Int64Var(&v.MaxBody, "max-body", v.MaxBody, "maximum size of a response body in bytes; a longer one is lost and not read to its end; 0 is no limit")
	fs.StringVar(&v.ExpectBody, "expect-body", v.ExpectBody, "what a body must be, decompressed: REGEX (found anywhere), sha256:HEX or length:N; a response with another body is lost (body.rejected)")
	fs.StringArrayVar(&v.ExpectHeaders, "expect-header", v.ExpectHeaders, `response header that must be there and match, "NAME: REGEX"; a response without it is lost (body.rejected); repeatable`)
	fs.IntVar(&v.TraceLost, "trace-lost", v.TraceLost, "show the first N lost requests step by step")
	fs.StringVar((*string)(&v.Probe), "probe", string(v.Probe), "try the endpoint of a lost request again on a connection beside the load, which is in no count: on, off, auto (only with an event, such as --during)")
	fs.StringVar((*string)(&v.DNS), "dns", string(v.DNS), "when to resolve the host name: "+strings.Join(loadgen.DNSModeNames(), ", "))

	fs.StringVar((*string)(&v.Engine), "engine", string(v.Engine), "how to send requests: loop (epoll; only http:// on Linux), pool (everything), auto (loop where possible)")

	v.defineTLS(fs)

	fs.StringVarP(&v.Proxy, "x", "x", v.Proxy, "HTTP proxy address as host:port, http://user:password@host:port or socks5://user:password@host:port")
	fs.StringVar(&v.UnixSocket, "unix-socket", v.UnixSocket, "path of a Unix socket to connect to")
	fs.BoolVar(&v.h2, "h2", false, "HTTP/2")
	_ = fs.MarkHidden("h2") // fails only for an unknown flag
	groupLoadFlags(fs)
	return v
}

// groupLoadFlags groups the load flags for help.
func groupLoadFlags(fs *pflag.FlagSet) {
	GroupLoad.Hold(fs, "n N", "c N", "q RATE", "z DURATION", "t SECONDS", "cpus N", "engine NAME")
	GroupRequest.Hold(fs, "m METHOD", "H FIELD", "A TYPE", "T TYPE", "U NAME", "a USER:PASSWORD", "host NAME", "d TEXT", "D FILE",
		"ok STATUSES", "expect-body WHAT", "expect-header FIELD", "max-body BYTES", "disable-compression", "disable-redirects")
	GroupConnection.Hold(fs, "disable-keepalive", "connect-timeout DURATION", "dns WHEN", "connect-to ROUTE", "source ADDRESSES",
		"x PROXY", "unix-socket PATH", "endpoint-header NAME")
	GroupTLS.Hold(fs, "insecure", "cacert FILE", "cert FILE", "key FILE", "sni NAME", "tls-min VERSION")
	GroupEvent.Hold(fs, "probe WHEN")
	GroupOutput.Hold(fs, "trace-lost N")
}

// defineTLS defines the flags of connections with TLS.
func (v *LoadFlags) defineTLS(fs *pflag.FlagSet) {
	fs.BoolVar(&v.Insecure, "insecure", v.Insecure, "do not verify the server's certificate")
	fs.StringVar(&v.CACert, "cacert", v.CACert, "PEM file of CA certificates to trust instead of the system's")
	fs.StringVar(&v.Cert, "cert", v.Cert, "PEM file of the client certificate; requires --key")
	fs.StringVar(&v.Key, "key", v.Key, "PEM file of the client certificate's private key; requires --cert")
	fs.StringVar(&v.SNI, "sni", v.SNI, "server name to send and to verify (default: the host of --host, or of the URL)")
	fs.StringVar(&v.TLSMin, "tls-min", v.TLSMin, "minimum TLS version: 1.0, 1.1, 1.2, 1.3 (default 1.2)")
}

// Config makes a validated Config for url.
func (v *LoadFlags) Config(url string) (loadgen.Config, error) {
	if v.h2 {
		return loadgen.Config{}, errors.New("-h2: HTTP/2 is not supported yet")
	}
	o := v.Options
	for option, name := range flagNames {
		if v.set.Changed(strings.TrimLeft(name, "-")) {
			o.Given = append(o.Given, loadgen.Option(option))
		}
	}
	return o.Config(url)
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
	d, err := loadgen.ParseTimeout(text)
	if err == nil {
		*s = seconds(d)
	}
	return err
}

func (s *seconds) Type() string { return "seconds" }
