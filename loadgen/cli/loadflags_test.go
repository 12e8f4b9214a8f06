package cli

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"nodrop/loadgen"
)

func parse(t *testing.T, args ...string) (loadgen.Config, error) {
	t.Helper()
	fs := pflag.NewFlagSet("nodrop", pflag.ContinueOnError)
	v := NewLoadFlags(fs, loadgen.DefaultOptions())
	if err := fs.Parse(NormalizeArgs(args, fs)); err != nil {
		return loadgen.Config{}, err
	}
	if fs.NArg() != 1 {
		t.Fatalf("arguments left: %q", fs.Args())
	}
	cfg, err := v.Config(fs.Arg(0))
	if wrong, ok := errors.AsType[*loadgen.OptionError](err); ok {
		err = errors.New(wrong.Problem(flagName))
	}
	return cfg, err
}

func TestFlagsAsHeyTakesThem(t *testing.T) {
	const url = "http://127.0.0.1:1/"
	tests := map[string]struct {
		args []string
		got  func(loadgen.Config) any
		want any
	}{
		"defaults": {
			[]string{url},
			func(c loadgen.Config) any { return []any{c.Requests, c.Workers, c.Timeout, c.Method, string(c.OK)} },
			[]any{int64(200), 50, 20 * time.Second, "GET", "2xx,3xx"},
		},
		"one dash":                     {[]string{"-n", "70", url}, func(c loadgen.Config) any { return c.Requests }, int64(70)},
		"two dashes":                   {[]string{"--n", "70", url}, func(c loadgen.Config) any { return c.Requests }, int64(70)},
		"with equals":                  {[]string{"-n=70", url}, func(c loadgen.Config) any { return c.Requests }, int64(70)},
		"two dashes, equals":           {[]string{"--n=70", url}, func(c loadgen.Config) any { return c.Requests }, int64(70)},
		"after the URL":                {[]string{url, "-n", "70"}, func(c loadgen.Config) any { return c.Requests }, int64(70)},
		"long with one dash":           {[]string{"-host", "shop", url}, func(c loadgen.Config) any { return c.Host }, "shop"},
		"long with two":                {[]string{"--host=shop", url}, func(c loadgen.Config) any { return c.Host }, "shop"},
		"switch":                       {[]string{"-disable-keepalive", url}, func(c loadgen.Config) any { return c.DisableKeepAlive }, true},
		"switch set":                   {[]string{"-disable-keepalive=false", url}, func(c loadgen.Config) any { return c.DisableKeepAlive }, false},
		"switch before the URL":        {[]string{"-disable-redirects", url}, func(c loadgen.Config) any { return c.DisableRedirects }, true},
		"value like a flag":            {[]string{"-d", "-host", url}, func(c loadgen.Config) any { return string(c.Body) }, "-host"},
		"value like a URL":             {[]string{"-d", url, url}, func(c loadgen.Config) any { return string(c.Body) }, url},
		"value of two dashes":          {[]string{"-d", "--", url}, func(c loadgen.Config) any { return string(c.Body) }, "--"},
		"duration makes -n moot":       {[]string{"-z", "3s", "-n", "1", url}, func(c loadgen.Config) any { return c.Duration }, 3 * time.Second},
		"timeout in seconds":           {[]string{"-t", "3", url}, func(c loadgen.Config) any { return c.Timeout }, 3 * time.Second},
		"timeout with a unit":          {[]string{"-t", "250ms", url}, func(c loadgen.Config) any { return c.Timeout }, 250 * time.Millisecond},
		"no timeout":                   {[]string{"-t", "0", url}, func(c loadgen.Config) any { return c.Timeout < 0 }, true},
		"method in capitals":           {[]string{"-m", "post", url}, func(c loadgen.Config) any { return c.Method }, "POST"},
		"rate":                         {[]string{"-q", "2.5", url}, func(c loadgen.Config) any { return c.Rate }, 2.5},
		"content type":                 {[]string{url}, field("Content-Type"), "text/html"},
		"-T":                           {[]string{"-T", "text/plain", url}, field("Content-Type"), "text/plain"},
		"-H over -T":                   {[]string{"-T", "a/b", "-H", "content-type: c/d", url}, field("Content-Type"), "c/d"},
		"-A over -H":                   {[]string{"-A", "a/b", "-H", "Accept: c/d", url}, field("Accept"), "a/b"},
		"-H like a flag":               {[]string{"-H", "X-Y: -z", url}, field("X-Y"), "-z"},
		"-H again replaces":            {[]string{"-H", "X: 1", "-H", "x: 2", url}, field("X"), "2"},
		"-H empty":                     {[]string{"-H", "X;", url}, func(c loadgen.Config) any { return slices.Contains(c.Fields, loadgen.Field{Name: "X"}) }, true},
		"-H empty, with blanks":        {[]string{"-H", " X ; ", url}, func(c loadgen.Config) any { return len(c.Fields) }, 4},
		"-H drops its default":         {[]string{"-H", "User-Agent:", "-H", "content-type: ", url}, func(c loadgen.Config) any { return c.Fields }, []loadgen.Field{{Name: "Accept-Encoding", Value: "gzip"}}},
		"-H drops gzip":                {[]string{"-H", "accept-encoding:", url}, field("Accept-Encoding"), ""},
		"-H drops, and sets again":     {[]string{"-H", "Accept-Encoding:", "-H", "Accept-Encoding: br", url}, field("Accept-Encoding"), "br"},
		"-H drops what is not there":   {[]string{"-H", "Expect:", url}, func(c loadgen.Config) any { return len(c.Fields) }, 3},
		"-H with blanks":               {[]string{"-H", " X :  a b \t", url}, field("X"), "a b"},
		"-H Host with blanks":          {[]string{"-H", "Host:  shop \t", url}, func(c loadgen.Config) any { return c.Host }, "shop"},
		"-H Host again replaces":       {[]string{"-H", "Host: a", "-H", "host: b", url}, func(c loadgen.Config) any { return c.Host }, "b"},
		"-H Host in another script":    {[]string{"-H", "Host: bücher.example:81", url}, func(c loadgen.Config) any { return c.Host }, "xn--bcher-kva.example:81"},
		"-host in another script":      {[]string{"-host", "bücher.example", url}, func(c loadgen.Config) any { return c.Host }, "xn--bcher-kva.example"},
		"--sni in another script":      {[]string{"--sni", "bücher.example", url}, func(c loadgen.Config) any { return c.TLS.ServerName }, "xn--bcher-kva.example"},
		"connect to, another script":   {[]string{"--connect-to", "bücher.example:1:127.0.0.1:8", "http://bücher.example:1/"}, func(c loadgen.Config) any { return c.ConnectTo[0].Host }, "xn--bcher-kva.example"},
		"Content-Length is ours":       {[]string{"-H", "Content-Length: 9", "-d", "x", url}, field("Content-Length"), ""},
		"Transfer-Encoding is ours":    {[]string{"-H", "Transfer-Encoding: chunked", "-d", "x", url}, field("Transfer-Encoding"), ""},
		"Trailer is ours":              {[]string{"-H", "Trailer: X", "-d", "x", url}, field("Trailer"), ""},
		"Expect without a body":        {[]string{"-H", "Expect: 100-continue", url}, field("Expect"), ""},
		"Expect with a body":           {[]string{"-H", "Expect: 100-continue", "-d", "x", url}, field("Expect"), "100-continue"},
		"Connection as it is":          {[]string{"-H", "Connection: keep-alive", url}, field("Connection"), "keep-alive"},
		"Connection to close":          {[]string{"-disable-keepalive", "-H", "Connection: Keep-Alive, TE", url}, field("Connection"), "TE, close"},
		"Connection, two minds":        {[]string{"-H", "Connection: keep-alive, close", url}, field("Connection"), "close"},
		"-h2 over http, as in hey":     {[]string{"-h2", url}, func(c loadgen.Config) any { return c.HTTP2 }, loadgen.HTTP2("")},
		"-h2":                          {[]string{"-h2", "https://127.0.0.1:1/"}, func(c loadgen.Config) any { return c.HTTP2 }, loadgen.H2},
		"--h2c":                        {[]string{"--h2c", url}, func(c loadgen.Config) any { return c.HTTP2 }, loadgen.H2C},
		"--streams":                    {[]string{"--h2c", "--streams", "7", url}, func(c loadgen.Config) any { return c.Streams }, 7},
		"Upgrade":                      {[]string{"-H", "Connection: Upgrade", "-H", "Upgrade: h2c", url}, field("Upgrade"), "h2c"},
		"TLS flags, https in capitals": {[]string{"--insecure", "-disable-redirects", "HTTPS://127.0.0.1:1/"}, func(c loadgen.Config) any { return c.TLS.Insecure }, true},
		"-H Host":                      {[]string{"-H", "Host: shop", url}, func(c loadgen.Config) any { return c.Host }, "shop"},
		"-host over -H Host":           {[]string{"-H", "Host: a", "-host", "b", url}, func(c loadgen.Config) any { return c.Host }, "b"},
		"-a":                           {[]string{"-a", "user:pa:ss", url}, field("Authorization"), "Basic dXNlcjpwYTpzcw=="},
		"-U":                           {[]string{"-U", "me", url}, field("User-Agent"), "me"},
		"gzip is asked for":            {[]string{url}, field("Accept-Encoding"), "gzip"},
		"unless switched off":          {[]string{"-disable-compression", url}, field("Accept-Encoding"), ""},
		"connect timeout":              {[]string{"--connect-timeout", "1s", url}, func(c loadgen.Config) any { return c.ConnectTimeout }, time.Second},
		"connect to, any host":         {[]string{"--connect-to", "::10.0.0.1:8", url}, func(c loadgen.Config) any { return c.ConnectTo[0].String() }, "::10.0.0.1:8"},
		"connect to, IPv6":             {[]string{"--connect-to", "127.0.0.1:1:[::1]:8", url}, func(c loadgen.Config) any { return c.ConnectTo[0].Addr.String() }, "[::1]:8"},
		"--ok":                         {[]string{"--ok", "200-204,404", url}, func(c loadgen.Config) any { return string(c.OK) }, "200-204,404"},
		"--expect-body":                {[]string{"--expect-body", "length:5000", url}, func(c loadgen.Config) any { return c.ExpectBody }, "length:5000"},
		"--expect-header, repeated":    {[]string{"--expect-header", "A: b, c", "--expect-header", "D:", url}, func(c loadgen.Config) any { return c.ExpectHeaders }, []string{"A: b, c", "D:"}},
		"a URL without a path":         {[]string{"http://127.0.0.1:1"}, func(c loadgen.Config) any { return c.URL }, "http://127.0.0.1:1"},
		"an option for other machines": {[]string{"-cpus", "1", url}, func(c loadgen.Config) any { return c.Workers }, 50},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := parse(t, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, tc.got(cfg)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func field(name string) func(loadgen.Config) any {
	return func(c loadgen.Config) any {
		for _, f := range c.Fields {
			if strings.EqualFold(f.Name, name) {
				return f.Value
			}
		}
		return ""
	}
}

func TestFlagsRefuse(t *testing.T) {
	const url = "http://127.0.0.1:1/"
	tests := map[string]struct {
		args []string
		want string
	}{
		"no scheme":            {[]string{"127.0.0.1:1"}, `URL "127.0.0.1:1": `},
		"host alone":           {[]string{"example.org"}, `URL "example.org": not an http:// URL`},
		"other scheme":         {[]string{"ftp://x/"}, `URL "ftp://x/": not an http:// or https:// URL`},
		"no host":              {[]string{"http:///x"}, `URL "http:///x": no host`},
		"port":                 {[]string{"http://x:0/"}, `URL "http://x:0/": port 0 is not between 1 and 65535`},
		"broken escape":        {[]string{"http://x/%zz"}, `URL "http://x/%zz": invalid URL escape "%zz"`},
		"control byte":         {[]string{"http://x/\n/"}, "URL"},
		"-n 0":                 {[]string{"-n", "0", url}, "-n 0: at least 1 request is needed"},
		"-n negative":          {[]string{"-n", "-5", url}, "-n -5: at least 1 request is needed"},
		"-n text":              {[]string{"-n", "many", url}, `invalid argument "many" for "-n, --n" flag`},
		"-c 0":                 {[]string{"-c", "0", url}, "-c 0: at least 1 worker is needed"},
		"-c huge":              {[]string{"-c", "9999999", "-n", "9999999", url}, "-c 9999999: more workers"},
		"n below c":            {[]string{"-n", "5", "-c", "10", url}, "-n 5: cannot be less than -c 10"},
		"-z 0":                 {[]string{"-z", "0s", url}, "-z 0s: must be more than 0"},
		"-z negative":          {[]string{"-z", "-1s", url}, "-z -1s: must be more than 0"},
		"-q negative":          {[]string{"-q", "-1", url}, "-q -1: a rate must be finite and not negative"},
		"-q NaN":               {[]string{"-q", "NaN", url}, "-q NaN: a rate must be finite and not negative"},
		"-q too fast":          {[]string{"-q", "1e12", url}, "-q 1e+12: more than one request per nanosecond"},
		"-t negative":          {[]string{"-t", "-1", url}, "-t -1s: cannot be negative"},
		"-t text":              {[]string{"-t", "long", url}, `invalid argument "long" for "-t, --t" flag: want seconds`},
		"-cpus 0":              {[]string{"-cpus", "0", url}, "--cpus 0: at least 1 is needed"},
		"-H without a colon":   {[]string{"-H", "X", url}, `-H "X": not a header field`},
		"-H with a bad name":   {[]string{"-H", "a b: c", url}, `-H "a b": not a header field`},
		"-H with a line break": {[]string{"-H", "X: a\r\nY: b", url}, `-H "X": contains a line break or NUL`},
		"-H without its Host":  {[]string{"-H", "Host:", url}, `-H "Host:": a request needs a Host header`},
		"-H with no host":      {[]string{"-H", "Host;", url}, `-H "Host;": a request needs a Host header`},
		"-H Expect":            {[]string{"-H", "Expect: 200-ok", "-d", "x", url}, `-H "Expect: 200-ok": HTTP defines no such expectation`},
		"-H Upgrade alone":     {[]string{"-H", "Upgrade: h2c", url}, "-H Upgrade: servers ignore it without Connection: Upgrade"},
		"-H with a control":    {[]string{"-H", "X: a\x01", url}, `header field "X": its value contains a line break or another control character`},
		"host in no script":    {[]string{"-host", "a\u2260b", url}, `-host: host "a≠b": not a valid internationalized domain name`},
		"--sni in no script":   {[]string{"--sni", "a\u2260b", url}, `--sni: host "a≠b": not a valid internationalized domain name`},
		"-D - in a scenario":   {[]string{"-D", "-", url}, "-D -: only a plain load can read its body from standard input"},
		"-a without a colon":   {[]string{"-a", "me", url}, "-a: no colon between user and password"},
		"-d and -D":            {[]string{"-d", "", "-D", "/nowhere/at/all", url}, "-d and -D: each is the body; use only one"},
		"-D without a name":    {[]string{"-D", "", url}, "-D: no file given"},
		"--ok 99":              {[]string{"--ok", "99", url}, `--ok "99": "99" is not a status (200)`},
		"--ok 2x":              {[]string{"--ok", "2x", url}, `--ok "2x": "2x" is not a status (200), a group (2xx)`},
		"-D missing":           {[]string{"-D", "/nowhere/at/all", url}, "-D: open /nowhere/at/all: no such file or directory"},
		"-m odd":               {[]string{"-m", "GE T", url}, `method "GE T"`},
		"-m CONNECT":           {[]string{"-m", "connect", url}, "-m CONNECT: opens a tunnel"},
		"-x https":             {[]string{"-x", "https://proxy:1", url}, `-x "https://proxy:1": only http:// and socks5:// proxies are supported`},
		"-x nothing":           {[]string{"-x", "", url}, `-x "": `},
		"-h2 and --h2c":        {[]string{"-h2", "--h2c", url}, "-h2 and --h2c: each is a way to speak HTTP/2; use only one"},
		"--h2c over TLS":       {[]string{"--h2c", "https://127.0.0.1:1/"}, "--h2c: an https:// load agrees on its protocol in the TLS handshake"},
		"--h2c and a proxy":    {[]string{"--h2c", "-x", "127.0.0.1:2", url}, "--h2c and -x: a proxy takes http:// requests over HTTP/1.1 only"},
		"--ok goaway":          {[]string{"--ok", "2xx,goaway", url}, "--ok goaway: only HTTP/2 has GOAWAY"},
		"--streams alone":      {[]string{"--streams", "5", url}, "--streams: requests share connections only over HTTP/2"},
		"--streams 0":          {[]string{"--h2c", "--streams", "0", url}, "--streams 0: at least 1 is needed"},
		"--h2c, --trace-lost":  {[]string{"--h2c", "--trace-lost", "1", url}, "--trace-lost: requests over HTTP/2 cannot be traced"},
		"--ok":                 {[]string{"--ok", "200,abc", url}, `--ok "200,abc": "abc" is not a status`},
		"--ok range":           {[]string{"--ok", "300-200", url}, `--ok "300-200": "300-200" is not a status`},
		"--dns":                {[]string{"--dns", "never", url}, `--dns "never": want one of refresh, once, per-connection`},
		"--connect-to":         {[]string{"--connect-to", "x", url}, `--connect-to "x": want HOST:PORT:ADDR:PORT`},
		"--connect-to name":    {[]string{"--connect-to", "::gw:80", url}, `--connect-to "::gw:80": "gw:80" is not an IP address and port`},
		"--connect-to port":    {[]string{"--connect-to", "x:y:1.2.3.4:5", url}, `--connect-to "x:y:1.2.3.4:5": port "y" is not between`},
		"--connect-to unused":  {[]string{"--connect-to", "other:80:127.0.0.1:1", url}, "--connect-to other:80:127.0.0.1:1: does not match the URL's host and port, 127.0.0.1:1"},
		"--connect-timeout":    {[]string{"--connect-timeout", "-1s", url}, "--connect-timeout -1s: cannot be negative"},
		"--expect-body":        {[]string{"--expect-body", "(", url}, `--expect-body "(": not a regular expression: missing closing ): "("`},
		"--expect-body sum":    {[]string{"--expect-body", "sha256:12", url}, `--expect-body "sha256:12": want sha256: and 64 hexadecimal digits`},
		"--expect-body length": {[]string{"--expect-body", "length:-5", url}, `--expect-body "length:-5": want length: and a number of bytes`},
		"--expect-body empty":  {[]string{"--expect-body", "", url}, "--expect-body: nothing given to expect"},
		"--expect-body HEAD":   {[]string{"--expect-body", "x", "-m", "head", url}, "--expect-body and -m HEAD: a response to HEAD has no body"},
		"--expect-header":      {[]string{"--expect-header", "X-Version v2", url}, `--expect-header "X-Version v2": not the name of a header field and a regular expression`},
		"--expect-header lost": {[]string{"--expect-header", "A: b", "--expect-header", "C: [", url}, `--expect-header "C: [": not a regular expression: missing closing ]: "["`},
		"unknown":              {[]string{"-keepalive", url}, "unknown"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, tc.args...)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v; want %s", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestBodyFromFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := parse(t, "-D", file, "http://127.0.0.1:1/")
	if err != nil || string(cfg.Body) != "from a file" {
		t.Errorf("got %q, %v", cfg.Body, err)
	}
}

// TestEngineApplies: what the loop does not support goes to the pool, unless
// the loop was requested.
func TestEngineApplies(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the loop runs only on Linux")
	}
	const url = "http://127.0.0.1:1/"
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, make([]byte, 1<<20+1), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args []string
		why  string // "" = the loop applies
	}{
		"plain":                     {[]string{url}, ""},
		"unix socket":               {[]string{"--unix-socket", "/s", url}, ""},
		"a 100 without a body":      {[]string{"-H", "Expect: 100-continue", url}, ""},
		"TLS":                       {[]string{"https://127.0.0.1:1/"}, ""},
		"a proxy":                   {[]string{"-x", "127.0.0.1:2", url}, "it does not support proxies (-x)"},
		"a look-up per connection":  {[]string{"--dns", "per-connection", url}, "it does not support --dns per-connection"},
		"requests told":             {[]string{"--trace-lost", "1", url}, "it does not support --trace-lost"},
		"a body that waits":         {[]string{"-d", "x", "-m", "PUT", "-H", "Expect: 100-continue", url}, "it does not support Expect: 100-continue"},
		"a body read for each time": {[]string{"-m", "PUT", "-D", large, url}, "it does not support -D with a file over 1 MiB"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			cfg, err := parse(t, append([]string{"-cpus", "3"}, tc.args...)...)
			if err != nil {
				t.Fatal(err)
			}
			want := 3
			if tc.why == "" {
				want = 4
			}
			if got := cfg.Threads(); got != want {
				t.Errorf("%d threads; want %d", got, want)
			}
			_, err = parse(t, append([]string{"--engine", "loop"}, tc.args...)...)
			switch {
			case tc.why == "" && err != nil:
				t.Error(err)
			case tc.why != "" && (err == nil || err.Error() != "--engine loop: "+tc.why+"; use --engine pool"):
				t.Errorf("got %v; want %s", err, tc.why)
			}
			if cfg, err = parse(t, append([]string{"-cpus", "3", "--engine", "pool"}, tc.args...)...); err != nil || cfg.Threads() != 3 {
				t.Errorf("%v, %d threads for the pool", err, cfg.Threads())
			}
		})
	}
	if _, err := parse(t, "--engine", "epoll", url); err == nil || err.Error() != `--engine "epoll": want one of auto, pool, loop` {
		t.Errorf("got %v", err)
	}
}

// TestFlagNames: every option has its flag, and every flag its option.
func TestFlagNames(t *testing.T) {
	fs := pflag.NewFlagSet("nodrop", pflag.ContinueOnError)
	NewLoadFlags(fs, loadgen.DefaultOptions())
	named := map[string]bool{}
	for _, option := range loadgen.EveryOption() {
		name := strings.TrimLeft(flagName(option), "-")
		named[name] = true
		if fs.Lookup(name) == nil && option != loadgen.OptionURL {
			t.Errorf("option %s: there is no flag %q", option, name)
		}
	}
	fs.VisitAll(func(f *pflag.Flag) {
		if !named[f.Name] {
			t.Errorf("flag %s is that of no option", f.Name)
		}
	})
}
