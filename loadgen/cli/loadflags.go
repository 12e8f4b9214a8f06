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
}

// flagName is the flag of an option, as messages write it.
func flagName(o loadgen.Option) string { return flagNames[o] }

// NewLoadFlags defines the load flags on fs: hey's, then nodrop's own.
func NewLoadFlags(fs *pflag.FlagSet, defaults loadgen.Options) *LoadFlags {
	v := &LoadFlags{Options: defaults, set: fs}
	fs.Int64VarP(&v.Requests, "n", "n", v.Requests, "number of requests; exactly that many are sent")
	fs.IntVarP(&v.Workers, "c", "c", v.Workers, "number of workers, each with one connection at a time")
	fs.Float64VarP(&v.Rate, "q", "q", v.Rate, "rate limit, in requests per second and worker (0: none)")
	fs.DurationVarP(&v.Duration, "z", "z", v.Duration, "how long to send; with it -n does not count (10s, 3m)")
	fs.StringVarP(&v.Method, "m", "m", v.Method, "HTTP method")
	fs.StringArrayVarP(&v.Headers, "H", "H", v.Headers, "header field, \"name: value\"; \"name;\" is sent empty, \"name:\" not at all; repeatable, a repeated name replaces")
	fs.VarP((*seconds)(&v.Timeout), "t", "t", "timeout of a whole request, in seconds or as 500ms (0: none)")
	fs.StringVarP(&v.Accept, "A", "A", v.Accept, "Accept field")
	fs.StringVarP(&v.Body, "d", "d", v.Body, "request body")
	fs.StringVarP(&v.BodyFile, "D", "D", v.BodyFile, "request body, from a file")
	fs.StringVarP(&v.ContentType, "T", "T", v.ContentType, "Content-Type field")
	fs.StringVarP(&v.Auth, "a", "a", v.Auth, "basic authentication, username:password")
	fs.StringVarP(&v.UserAgent, "U", "U", v.UserAgent, "User-Agent field")
	fs.StringVar(&v.Host, "host", v.Host, "Host field")
	fs.BoolVar(&v.DisableCompression, "disable-compression", v.DisableCompression, "do not ask for gzip")
	fs.BoolVar(&v.DisableKeepAlive, "disable-keepalive", v.DisableKeepAlive, "a new connection for every request")
	fs.BoolVar(&v.DisableRedirects, "disable-redirects", v.DisableRedirects, "do not follow redirects")
	fs.IntVar(&v.CPUs, "cpus", v.CPUs, "processors to use")

	fs.DurationVar(&v.ConnectTimeout, "connect-timeout", v.ConnectTimeout, "timeout of one connection attempt (0: only -t)")
	fs.StringVar((*string)(&v.OK), "ok", string(v.OK), "statuses that are not a loss: 200, 2xx, 200-299, comma-separated")
	fs.StringArrayVar(&v.ConnectTo, "connect-to", v.ConnectTo, "HOST:PORT:ADDR:PORT; connect to ADDR:PORT instead; repeatable, connections take turns")
	fs.StringVar(&v.Source, "source", v.Source, "addresses of this machine to connect from, in turn: ADDR[,ADDR...]")
	fs.StringVar(&v.EndpointHeader, "endpoint-header", v.EndpointHeader, "response field that names the replica")
	fs.Int64Var(&v.MaxBody, "max-body", v.MaxBody, "bytes of a body beyond which an answer is lost and no further read (0: none)")
	fs.IntVar(&v.TraceLost, "trace-lost", v.TraceLost, "tell the first so many lost requests step by step")
	fs.StringVar((*string)(&v.DNS), "dns", string(v.DNS), "when to resolve the name: "+strings.Join(loadgen.DNSModeNames(), ", "))

	fs.StringVar((*string)(&v.Engine), "engine", string(v.Engine), "what sends: loop (epoll: http:// on Linux), pool (everything), auto (loop where it applies)")

	fs.BoolVar(&v.Insecure, "insecure", v.Insecure, "do not verify the server's certificate")
	fs.StringVar(&v.CACert, "cacert", v.CACert, "file of the certificates to trust in place of the system's, PEM")
	fs.StringVar(&v.Cert, "cert", v.Cert, "file of the client's certificate, PEM; with --key")
	fs.StringVar(&v.Key, "key", v.Key, "file of its key, PEM")
	fs.StringVar(&v.SNI, "sni", v.SNI, "server name to ask for and to verify (default: that of --host, or of the URL)")
	fs.StringVar(&v.TLSMin, "tls-min", v.TLSMin, "lowest TLS version: 1.0, 1.1, 1.2, 1.3 (default 1.2)")

	fs.StringVarP(&v.Proxy, "x", "x", v.Proxy, "proxy, host:port, http://user:password@host:port or socks5://user:password@host:port")
	fs.StringVar(&v.UnixSocket, "unix-socket", v.UnixSocket, "path of a unix socket to connect to")
	fs.BoolVar(&v.h2, "h2", false, "HTTP/2")
	_ = fs.MarkHidden("h2") // fails only for an unknown flag
	return v
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
