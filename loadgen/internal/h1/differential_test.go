package h1_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"nodrop/loadgen/internal/h1"
)

// verdict is what matters to a load generator about a response. If the response
// is not whole, all but Err is zero.
type verdict struct {
	Err       string
	Status    int
	Body      int64
	KeepAlive bool
	Consumed  int
}

func (v verdict) accepted() bool { return v.Err == "" }

func ours(in []byte, headOnly bool) verdict {
	o := parse(&h1.Parser{}, headOnly, in)
	if o.Err != "" {
		return verdict{Err: o.Err}
	}
	return verdict{Status: o.Status, Body: o.Body, KeepAlive: o.KeepAlive, Consumed: o.Consumed}
}

// theirs is the verdict of net/http. Responses are read as its Transport reads
// them: interim ones skipped, and no reuse after 101.
func theirs(in []byte, headOnly bool) verdict {
	req := &http.Request{Method: http.MethodGet}
	if headOnly {
		req.Method = http.MethodHead
	}
	rest := bytes.NewReader(in)
	// One buffer for all: net/http requires the whole trailers to fit.
	r := bufio.NewReaderSize(rest, len(in)+16)
	for {
		resp, err := http.ReadResponse(r, req) //nolint:bodyclose // a body over bytes in memory holds nothing
		if err != nil {
			return verdict{Err: err.Error()}
		}
		n, err := io.Copy(io.Discard, resp.Body)
		if err != nil {
			return verdict{Err: err.Error()}
		}
		if code := resp.StatusCode; 100 <= code && code <= 199 && code != http.StatusSwitchingProtocols {
			continue
		}
		return verdict{
			Status: resp.StatusCode, Body: n,
			KeepAlive: !resp.Close && resp.StatusCode > 199,
			Consumed:  len(in) - r.Buffered() - rest.Len(),
		}
	}
}

// difference is a deliberate disagreement with net/http. applies looks for the
// cause in the bytes, by its own means, so that no entry can excuse an
// unrelated bug.
type difference struct {
	name    string
	reason  string
	applies func(in []byte, ours, theirs verdict) bool
}

// refused returns an applies: net/http accepts, and this package refuses with
// an error that matches.
func refused(errPattern string) func([]byte, verdict, verdict) bool {
	re := regexp.MustCompile(errPattern)
	return func(_ []byte, ours, theirs verdict) bool {
		return theirs.accepted() && re.MatchString(ours.Err)
	}
}

// accepted returns an applies: this package accepts what net/http refuses with
// an error that matches errPattern, and the bytes match pattern.
func accepted(errPattern, pattern string) func([]byte, verdict, verdict) bool {
	errRE, re := regexp.MustCompile("^"+errPattern), regexp.MustCompile(pattern)
	return func(in []byte, ours, theirs verdict) bool {
		return ours.accepted() && errRE.MatchString(theirs.Err) && re.Match(in)
	}
}

// noReuse returns an applies: the verdicts differ only in that this package
// does not reuse the connection, and the bytes match each pattern.
func noReuse(patterns ...string) func([]byte, verdict, verdict) bool {
	res := make([]*regexp.Regexp, len(patterns))
	for i, pattern := range patterns {
		res[i] = regexp.MustCompile(pattern)
	}
	return func(in []byte, ours, theirs verdict) bool {
		again := ours.KeepAlive
		ours.KeepAlive = theirs.KeepAlive
		return ours.accepted() && !again && ours == theirs &&
			!slices.ContainsFunc(res, func(re *regexp.Regexp) bool { return !re.Match(in) })
	}
}

var fold = regexp.MustCompile(`[ \t]*\r?\n[ \t]+`)

// framing matches the fields that frame a response and have white space before
// their colons. net/http keeps these under names that nobody looks up, and so
// misses the end of the body. The test therefore moves the white space behind
// the colon for net/http, which changes nothing else.
var framing = regexp.MustCompile(`(?i)(content-length|transfer-encoding|connection|trailer)([ \t]+):`)

func blanksMoved(in []byte) []byte { return framing.ReplaceAll(in, []byte("$1:$2")) }

// spaceInName reports whether the line that this package refuses, folds joined,
// has a space before its colon. The error quotes only the beginning of a long
// line, so the name is looked up in the bytes.
func spaceInName(in []byte, ours, theirs verdict) bool {
	text, found := strings.CutPrefix(ours.Err, "malformed header field ")
	if !found || !theirs.accepted() {
		return false
	}
	begin, err := strconv.Unquote(text)
	if err != nil {
		return false
	}
	begin, _, _ = strings.Cut(begin, ":")
	for line := range strings.Lines(fold.ReplaceAllString(string(in), " ")) {
		name, _, colon := strings.Cut(line, ":")
		if colon && strings.HasPrefix(name, begin) && strings.Contains(name, " ") {
			return true
		}
	}
	return false
}

var differences = []difference{
	{
		"versions other than HTTP/1.x",
		"an HTTP/1 connection that answers in HTTP/2.0 or HTTP/0.9 framing is no answer to count",
		refused(`^malformed status line "HTTP/[02-9]\.\d `),
	},
	{
		"status below 100, or with a sign",
		"RFC 9110 §15 starts at 100; net/http reads the three bytes as a signed number",
		refused(`^malformed status line "HTTP/\d\.\d +(0\d\d|[+-]\d\d)[ "]`),
	},
	{
		"space in a field name",
		"a body that follows without the empty line is text: it is to be told from a head at once, and must not be taken for fields that were cut",
		spaceInName,
	},
	{
		"tab before a colon",
		"a blank like the other: curl takes it, and so did net/http, which hey is built with",
		accepted(`malformed MIME header line: `, `\t+ *:`),
	},
	{
		"bare LF in chunk lines",
		"as curl takes it: whoever sends it so has users whose clients do",
		accepted(`(chunked line ends with bare LF|malformed chunked encoding)$`, `[^\r]\n`),
	},
	{
		"bare LF in trailers",
		"the same; net/http takes LF if CRLF CRLF comes sometime later, even in the next answer",
		accepted(`(http: unexpected EOF reading trailer|http: suspiciously long trailer after chunked body)$`, `[^\r]\n`),
	},
	{
		"lists and other spellings of one Content-Length",
		"RFC 9110 §8.6 lets the recipient of \"5, 5\" or of 5 and 05 take it as 5; proxies that join fields make such",
		accepted(`(bad Content-Length|http: message cannot contain multiple Content-Length headers)`,
			`(?is)\nContent-Length:([^\n]*(\n[ \t][^\n]*)*,|.*\nContent-Length:)`),
	},
	{
		"blank fold after the coding",
		"net/http keeps the space a blank continuation line leaves behind and so does not see \"chunked\"; RFC 9110 §5.5 leaves outer white space out of the value",
		accepted(`(?i)unsupported transfer encoding: "chunked +"$`, `(?i)chunked[ \t]*\r?\n[ \t]+\r?\n`),
	},
	{
		"forbidden names in Trailer",
		"the field only announces; trailers are skipped whatever they are called",
		accepted(`bad trailer key`, `(?i)\nTrailer:`),
	},
	{
		"white space before a chunk extension",
		"RFC 9112 §7.1.1 has recipients skip it",
		accepted(`invalid byte in chunk length`, `\n[0-9A-Fa-f]+[ \t]+;`),
	},
	{
		"long chunk extensions",
		"bounded by MaxHead, where net/http stops at 4 KiB a line; a slow or wasteful body is the target's business and its time is measured",
		accepted(`header line too long`, `\n[0-9A-Fa-f]+[ \t]*;[^\n]{999}`),
	},
	{
		"more chunk framing than data",
		"net/http stops at 16 KiB of excess, to protect servers; here the same bound would make an answer lost that arrived whole",
		accepted(`chunked encoding contains too much non-data`, `;`),
	},
	{
		"reuse after Transfer-Encoding with Content-Length",
		"RFC 9112 §6.3 calls it an attempt at smuggling that ought to be an error; the answer counts, the connection is not trusted",
		noReuse(`(?i)\nTransfer-Encoding:`, `(?i)\nContent-Length:`),
	},
	{
		"reuse after Transfer-Encoding in HTTP/1.0",
		"RFC 9112 §6.1: the framing is faulty, and the connection must be closed",
		noReuse(`HTTP/1\.0 `, `(?i)\nTransfer-Encoding:`),
	},
	{
		"heads over MaxHead",
		"10 MiB of head by default, as Transport's; ReadResponse has no limit",
		refused(`^(response head|chunk size line|trailers) over \d+ bytes$`),
	},
}

// explain returns the difference that covers a disagreement, "" if the verdicts
// agree. ok is false for a disagreement that is not on the list.
func explain(in []byte, headOnly bool, ours, them verdict) (name string, ok bool) {
	if name, ok = explained(in, ours, them); ok {
		return name, ok
	}
	moved := blanksMoved(in)
	if bytes.Equal(moved, in) {
		return "", false
	}
	if _, ok = explained(moved, ours, theirs(moved, headOnly)); !ok {
		return "", false
	}
	return blanksBeforeColons, true
}

const blanksBeforeColons = "blanks before the colon of a field that frames"

func explained(in []byte, ours, theirs verdict) (name string, ok bool) {
	if ours == theirs || !ours.accepted() && !theirs.accepted() {
		return "", true
	}
	for _, d := range differences {
		if d.applies(in, ours, theirs) {
			return d.name, true
		}
	}
	return "", false
}

func TestAgainstNetHTTP(t *testing.T) {
	used := map[string]bool{}
	check := func(name, in string, headOnly bool) {
		o, th := ours([]byte(in), headOnly), theirs([]byte(in), headOnly)
		difference, ok := explain([]byte(in), headOnly, o, th)
		used[difference] = true
		if !ok {
			t.Errorf("%s: %.99q\n    ours %+v\nnet/http %+v", name, in, o, th)
		}
	}
	for _, r := range rows {
		check(r.name, r.in, r.headOnly)
		check(r.name+", to HEAD", r.in, true)
		check(r.name+", in 1.0", strings.Replace(r.in, "HTTP/1.1", "HTTP/1.0", 1), r.headOnly)
	}
	check("long head", head+"A: "+strings.Repeat("b", 10<<20)+"\r\n\r\n", false)
	if !used[blanksBeforeColons] {
		t.Errorf("no row shows difference %q", blanksBeforeColons)
	}
	for _, d := range differences {
		if !used[d.name] {
			t.Errorf("no row shows difference %q", d.name)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, r := range rows {
		if len(r.in) < 1<<12 {
			f.Add([]byte(r.in), r.headOnly)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, headOnly bool) {
		if len(in) > 1<<16 {
			return // the size limits have their own rows
		}
		o, th := ours(in, headOnly), theirs(in, headOnly)
		if _, ok := explain(in, headOnly, o, th); !ok {
			t.Errorf("%q\n    ours %+v\nnet/http %+v", in, o, th)
		}
	})
}
