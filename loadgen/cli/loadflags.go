package cli

import (
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
)

// LoadFlags holds the values of the load flags until Config makes a Config of
// them.
type LoadFlags struct {
	loadgen.Options
	set *pflag.FlagSet
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
	loadgen.OptionHost:           "--host",
	loadgen.OptionBody:           "-d",
	loadgen.OptionBodyFile:       "-D",
	loadgen.OptionCompression:    "--disable-compression",
	loadgen.OptionKeepAlive:      "--disable-keepalive",
	loadgen.OptionRedirects:      "--disable-redirects",
	loadgen.OptionMaxBody:        "--max-body",
	loadgen.OptionOK:             "--ok",
	loadgen.OptionEndpointHeader: "--endpoint-header",
	loadgen.OptionDNS:            "--dns",
	loadgen.OptionConnectTo:      "--connect-to",
	loadgen.OptionSource:         "--source",
	loadgen.OptionProxy:          "-x",
	loadgen.OptionUnixSocket:     "--unix-socket",
	loadgen.OptionH2:             "-h2",
	loadgen.OptionH2C:            "--h2c",
	loadgen.OptionStreams:        "--streams",
	loadgen.OptionEngine:         "--engine",
	loadgen.OptionCPUs:           "--cpus",
	loadgen.OptionTraceLost:      "--trace-lost",
	loadgen.OptionInsecure:       "--insecure",
	loadgen.OptionCACert:         "--cacert",
	loadgen.OptionCert:           "--cert",
	loadgen.OptionKey:            "--key",
	loadgen.OptionSNI:            "--sni",
	loadgen.OptionTLSMin:         "--tls-min",
	loadgen.OptionTLSMax:         "--tls-max",
	loadgen.OptionTLSResume:      "--tls-resume",
	loadgen.OptionExpectBody:     "--expect-body",
	loadgen.OptionExpectHeader:   "--expect-header",
	loadgen.OptionProbe:          "--probe",
}

// flagName is the flag of an option, as messages write it.
func flagName(o loadgen.Option) string { return flagNames[o] }

// NewLoadFlags defines the load flags on fs: hey's, then nodrop's own.
func NewLoadFlags(fs *pflag.FlagSet, defaults loadgen.Options) *LoadFlags {
	v := &LoadFlags{Options: defaults, set: fs}
	v.defineLoad(fs)
	v.defineRequest(fs)
	v.defineConnection(fs)
	v.defineTLS(fs)
	return v
}

// defineLoad defines how much is sent, how fast and how, and what is observed
// meanwhile.
func (v *LoadFlags) defineLoad(fs *pflag.FlagSet) {
	fs.Int64VarP(&v.Requests, "n", "n", v.Requests, "requests to send")
	fs.IntVarP(&v.Workers, "c", "c", v.Workers, "workers, each with one request at a time; at most -n")
	fs.Float64VarP(&v.Rate, "q", "q", v.Rate, "requests per second of each worker, as in hey; 0 is no limit")
	fs.DurationVarP(&v.Duration, "z", "z", v.Duration, "send for this long, such as 10s or 3m, instead of -n requests")
	fs.VarP((*seconds)(&v.Timeout), "t", "t", "time limit of a request, in seconds or with a unit (500ms); 0 is none")
	fs.IntVar(&v.CPUs, "cpus", v.CPUs, "processors to use")
	fs.Lookup("cpus").DefValue = "all"
	fs.StringVar((*string)(&v.Engine), "engine", string(v.Engine), "how to send: loop (epoll; only on Linux), pool (everything), auto (loop where possible)")
	GroupLoad.Hold(fs, "n N", "c N", "q RATE", "z DURATION", "t SECONDS", "cpus N", "engine NAME")
	Offer(fs, "engine", string(record.EngineAuto), string(record.EnginePool), string(record.EngineLoop))

	fs.StringVar((*string)(&v.Probe), "probe", string(v.Probe), "try the endpoint of a lost request again, beside the load and in no count: on, off, auto (only with an event, such as --during)")
	GroupEvent.Hold(fs, "probe WHEN")
	Offer(fs, "probe", string(loadgen.ProbeAuto), string(loadgen.ProbeOn), string(loadgen.ProbeOff))
	fs.IntVar(&v.TraceLost, "trace-lost", v.TraceLost, "show the first N lost requests step by step")
	GroupOutput.Hold(fs, "trace-lost N")
}

// defineRequest defines what is sent, and which response is ok.
func (v *LoadFlags) defineRequest(fs *pflag.FlagSet) {
	fs.StringVarP(&v.Method, "m", "m", v.Method, "GET, POST, PUT, DELETE, HEAD, OPTIONS or any other")
	fs.StringArrayVarP(&v.Headers, "H", "H", v.Headers, "header to send; 'Name;' sends an empty value, 'Name:' removes the header; repeatable, the last value of a name wins")
	fs.StringVarP(&v.Body, "d", "d", v.Body, "body to send")
	fs.StringVarP(&v.BodyFile, "D", "D", v.BodyFile, "file with the body to send")
	fs.StringVarP(&v.ContentType, "T", "T", v.ContentType, "Content-Type header")
	fs.StringVarP(&v.Accept, "A", "A", v.Accept, "Accept header")
	fs.StringVarP(&v.UserAgent, "U", "U", v.UserAgent, "User-Agent header")
	fs.StringVarP(&v.Auth, "a", "a", v.Auth, "basic authentication")
	fs.StringVar(&v.Host, "host", v.Host, "Host header")
	fs.BoolVar(&v.DisableCompression, "disable-compression", v.DisableCompression, "do not ask for compressed responses")
	fs.BoolVar(&v.DisableRedirects, "disable-redirects", v.DisableRedirects, "do not follow redirects")
	fs.StringVar((*string)(&v.OK), "ok", string(v.OK), "statuses that count as ok: 200, 2xx or 200-299, separated by commas; goaway: requests that GOAWAY turned away")
	fs.StringVar(&v.ExpectBody, "expect-body", v.ExpectBody, "what a body must be, decompressed: REGEX (found anywhere), sha256:HEX or length:N; a response with another is lost (body.rejected)")
	fs.StringArrayVar(&v.ExpectHeaders, "expect-header", v.ExpectHeaders, "header that a response must have; one without it is lost (body.rejected); repeatable")
	fs.Int64Var(&v.MaxBody, "max-body", v.MaxBody, "size limit of a response body; a longer one is lost and not read to its end; 0 is none")
	GroupRequest.Hold(fs, "m METHOD", "H 'NAME: VALUE'", "d TEXT", "D FILE", "T TYPE", "A TYPE", "U NAME", "a USER:PASSWORD", "host NAME",
		"disable-compression", "disable-redirects", "ok STATUSES", "expect-body WHAT", "expect-header 'NAME: REGEX'", "max-body BYTES")
}

// defineConnection defines where connections go, and from where.
func (v *LoadFlags) defineConnection(fs *pflag.FlagSet) {
	fs.BoolVar(&v.DisableKeepAlive, "disable-keepalive", v.DisableKeepAlive, "open a new connection for each request")
	fs.BoolVar(&v.H2, "h2", v.H2, "speak HTTP/2 over https://, or HTTP/1.1 if the server chooses that")
	fs.BoolVar(&v.H2C, "h2c", v.H2C, "speak HTTP/2 over http://, without asking first (prior knowledge)")
	fs.IntVar(&v.Streams, "streams", v.Streams, "over HTTP/2: requests that share a connection, at most as many as the server allows; -c requests use as many connections as that takes")
	fs.DurationVar(&v.ConnectTimeout, "connect-timeout", v.ConnectTimeout, "time limit of a connection attempt; 0: only -t applies")
	fs.StringVar((*string)(&v.DNS), "dns", string(v.DNS), "when to resolve the host name: "+strings.Join(loadgen.DNSModeNames(), ", "))
	fs.StringArrayVar(&v.ConnectTo, "connect-to", v.ConnectTo, "connect to ADDR:PORT instead of HOST:PORT; repeatable, connections rotate through the addresses")
	fs.StringVar(&v.Source, "source", v.Source, "local addresses to connect from, used in rotation")
	fs.StringVarP(&v.Proxy, "x", "x", v.Proxy, "proxy: host:port, http://user:password@host:port or socks5://user:password@host:port")
	fs.StringVar(&v.UnixSocket, "unix-socket", v.UnixSocket, "Unix socket to connect to")
	fs.StringVar(&v.EndpointHeader, "endpoint-header", v.EndpointHeader, "response header that names the replica")
	GroupConnection.Hold(fs, "disable-keepalive", "h2", "h2c", "streams S", "connect-timeout DURATION", "dns WHEN", "connect-to HOST:PORT:ADDR:PORT",
		"source ADDR[,ADDR...]", "x PROXY", "unix-socket PATH", "endpoint-header NAME")
	Offer(fs, "dns", loadgen.DNSModeNames()...)
}

// defineTLS defines the flags of connections with TLS.
func (v *LoadFlags) defineTLS(fs *pflag.FlagSet) {
	fs.BoolVar(&v.Insecure, "insecure", v.Insecure, "do not verify the server's certificate")
	fs.StringVar(&v.CACert, "cacert", v.CACert, "PEM file of CA certificates to trust instead of the system's")
	fs.StringVar(&v.Cert, "cert", v.Cert, "PEM file of the client certificate; requires --key")
	fs.StringVar(&v.Key, "key", v.Key, "PEM file of its private key; requires --cert")
	fs.StringVar(&v.SNI, "sni", v.SNI, "server name to send and to verify (default: the host of --host, or of the URL)")
	fs.StringVar(&v.TLSMin, "tls-min", v.TLSMin, "minimum TLS version: 1.0, 1.1, 1.2 (default), 1.3")
	fs.StringVar(&v.TLSMax, "tls-max", v.TLSMax, "maximum TLS version (default: the newest)")
	for _, name := range []string{"tls-min", "tls-max"} {
		Offer(fs, name, "1.0", "1.1", "1.2", "1.3")
	}
	fs.BoolVar(&v.TLSResume, "tls-resume", v.TLSResume, "resume TLS sessions on new connections, as browsers do")
	GroupTLS.Hold(fs, "insecure", "cacert FILE", "cert FILE", "key FILE", "sni NAME", "tls-min VERSION", "tls-max VERSION", "tls-resume")
}

// Config makes a validated Config for url.
func (v *LoadFlags) Config(url string) (loadgen.Config, error) {
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
