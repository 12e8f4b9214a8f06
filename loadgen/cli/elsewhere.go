package cli

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// elsewhere has flags of other load generators and of curl, and how nodrop does
// the same. Names are separated by blanks. A name is here only as long as no
// flag of nodrop's has it.
var elsewhere = []struct {
	names string
	flag  string // what to use; "" if nothing is needed
	hint  string
}{
	{"requests num-requests number iterations amount", "n", "-n N is the number of requests"},
	{"connections concurrency clients users vus num-workers workers max-workers max-connections", "c", "-c N is the number of workers, each with a connection of its own"},
	{"threads procs", "cpus", "--cpus N is the number of processors; -c N that of workers"},
	{"rate rps qps R rate-limit query-per-second req-per-sec overall-rate", "q", "-q RATE is per worker, as in hey: -q 50 -c 10 sends 500 requests/s"},
	{"duration time timelimit time-limit run-time", "z", "-z DURATION sends for that long, as in -z 30s"},
	{"timeout max-time request-timeout req-timeout", "t", "-t SECONDS limits each request, as in -t 5"},
	{"dial-timeout", "connect-timeout", "--connect-timeout DURATION limits each connection attempt"},
	{"X method request", "m", "-m METHOD sets the method, as in -m POST"},
	{"I head", "m", "-m HEAD sends HEAD requests"},
	{"header headers", "H", "-H 'NAME: VALUE' sends a header"},
	{"cookie cookies", "H", "-H 'Cookie: NAME=VALUE' sends a cookie"},
	{"body data data-raw data-ascii payload", "d", "-d TEXT sends a body, and -m POST makes it a POST"},
	{"body-file data-binary payload-file postfile p", "D", "-D FILE sends a file as the body, and -m POST makes it a POST"},
	{"content-type", "T", "-T TYPE sets the Content-Type"},
	{"accept", "A", "-A TYPE sets the Accept header"},
	{"user-agent agent", "U", "-U NAME sets the User-Agent"},
	{"u user basic-auth auth", "a", "-a USER:PASSWORD sends basic authentication"},
	{"L location follow follow-redirects redirect redirects max-redirects", "", "redirects are followed unless --disable-redirects is given"},
	{"keepalive keep-alive", "", "connections are kept open unless --disable-keepalive is given"},
	{"no-keepalive no-keep-alive", "disable-keepalive", "--disable-keepalive opens a connection for each request"},
	{"compressed compression gzip", "", "compressed responses are asked for unless --disable-compression is given"},
	{"k skip-verify no-verify insecure-skip-tls-verify no-check-certificate", "insecure", "--insecure does not verify the server's certificate"},
	{"ca ca-cert cafile root-certs", "cacert", "--cacert FILE trusts the certificates in the file"},
	{"E", "cert", "--cert FILE and --key FILE send a client certificate"},
	{"servername server-name tls-server-name", "sni", "--sni NAME sends and verifies that name"},
	{"proxy http-proxy socks5", "x", "-x PROXY sends requests through a proxy"},
	{"resolve resolvers", "connect-to", "--connect-to HOST:PORT:ADDR:PORT connects to that address instead"},
	{"interface laddr local-addr local-address local-ips bind", "source", "--source ADDR connects from that address"},
	{"http2", "h2", "-h2 speaks HTTP/2 over https://, --h2c over http://"},
	{"h3 http3", "", "nodrop speaks HTTP/1.1 and HTTP/2 (-h2, --h2c), but not HTTP/3"},
	{"http1 http1.1 h1", "", "nodrop speaks HTTP/1.1 without any flag"},
	{"json j", "o", "-o json writes the recording, -o report-json the report"},
	{"csv", "o", "-o csv writes a line for each request"},
	{"output out output-format format report html", "o", "-o FORMAT=FILE writes a report or a recording to a file"},
	{"l latency latencies percentiles", "", "the report has the latency distribution without any flag"},
	{"threshold thresholds", "fail-if", "--fail-if 'p99 > 250ms' makes the run fail"},
	{"success-codes expected-status allow-status", "ok", "--ok STATUSES says which count as ok, as in --ok 2xx,404"},
	{"verbose", "v", "-v prints what commands beside the load print"},
	{"retry retries", "", "nodrop never retries: one request is one attempt"},
	{"url target targets", "", "the URL is an argument: nodrop [flags] URL"},
}

// hintElsewhere returns the hint for a flag of another tool; "" if there is none,
// or if fs has no such flag.
func hintElsewhere(fs *pflag.FlagSet, name string) string {
	for _, e := range elsewhere {
		flag := cmp.Or(e.flag, "n") // what every load has
		if slices.Contains(strings.Fields(e.names), name) && visible(fs, flag) {
			return e.hint
		}
	}
	return ""
}
