package loadgen_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"nodrop/loadgen"
)

// TestAgainstCurl: both engines accept exactly the responses that curl accepts,
// to the last byte of the body. The parser's own tests compare with net/http;
// the cases here are those where net/http is stricter, or that it cannot meet.
func TestAgainstCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is missing; testdata/setup.sh installs it")
	}
	const head, chunked = "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, tc := range map[string]struct {
		response string
		stricter string // why curl accepts what nodrop rejects
	}{
		"plain":                         {response: head + "Content-Length: 5\r\n\r\nhello"},
		"lines that end in LF":          {response: "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello"},
		"two blanks in the status line": {response: "HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello"},
		"no reason":                     {response: "HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello"},
		"blank before a colon":          {response: head + "A : b\r\nContent-Length: 5\r\n\r\nhello"},
		"chunk sizes that end in LF":    {response: chunked + "5\nhello\r\n0\r\n\r\n"},
		"chunks that end in LF":         {response: chunked + "5\r\nhello\n0\r\n\r\n"},
		"all chunk lines in LF":         {response: chunked + "5\nhello\n0\n\n"},
		"trailers that end in LF":       {response: chunked + "5\r\nhello\r\n0\r\nA: b\n\n"},
		"blank before an extension":     {response: chunked + "5 ;a=b\r\nhello\r\n0\r\n\r\n"},
		"no chunk size":                 {response: chunked + "hello\r\n0\r\n\r\n"},
		"a chunk too long":              {response: chunked + "4\r\nhello\r\n0\r\n\r\n"},
		"a chunk cut":                   {response: chunked + "5\r\nhel"},
		"no last chunk":                 {response: chunked + "5\r\nhello\r\n"},
		"a body cut":                    {response: head + "Content-Length: 5\r\n\r\nhel"},
		"no head":                       {response: "<html>hello</html>"},
		"HTTP/2":                        {response: "\x00\x00\x00\x04\x00\x00\x00\x00\x00"},
		"nothing":                       {response: ""},
		"half a status line":            {response: "HTTP/1.1 20"},
		"lengths that differ":           {response: head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
		"half a head":                   {response: head + "Content-Len", stricter: "a response that was cut there is not whole"},
		"text behind a chunk size":      {response: chunked + "5 apples\r\nhello\r\n0\r\n\r\n", stricter: "curl looks at nothing between the digits and the end of the line"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
				if awaitHead(in) {
					write(c, tc.response)
					_ = c.CloseWrite()
					_, _ = io.Copy(io.Discard, c)
				}
			})
			body, took := curlOf(t, curl, url)
			want := took && tc.stricter == ""
			if tc.stricter != "" && !took {
				t.Error("curl rejects it too: this is not a difference")
			}
			for _, way := range cleartext() {
				run := runLoad(t, loadgen.Config{URL: url, Requests: 1, Workers: 1, Engine: way.engine})
				if got := run.Counts.OK == 1; got != want {
					t.Errorf("%s: ok %t %+v; curl accepts it: %t", way, got, run.Samples, took)
				}
				if want && run.Bytes != body {
					t.Errorf("%s: %d bytes of body; curl has %d", way, run.Bytes, body)
				}
			}
		})
	}
}

// curlOf is the body size that curl reports, and whether curl accepted the
// response.
func curlOf(t *testing.T, curl, url string) (body int64, took bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, curl, "--silent", "--noproxy", "*", "--output", "/dev/null", "--write-out", "%{size_download}", url).Output()
	if ctx.Err() != nil {
		t.Fatal("curl did not exit")
	}
	body, bad := strconv.ParseInt(string(out), 10, 64)
	if bad != nil {
		t.Fatalf("curl wrote %q", out)
	}
	return body, err == nil
}
