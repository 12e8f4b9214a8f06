package cli

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spf13/pflag"

	"nodrop/loadgen/cli"
	"nodrop/loadgen/misuse"
)

// normalized converts arguments to the form that pflag expects.
func normalized(args string) []string {
	fs := pflag.NewFlagSet("lab", pflag.ContinueOnError)
	newLabFlags(fs)
	return cli.NormalizeArgs(strings.Fields(args), fs)
}

func checkTarget(ctx context.Context, t *testing.T, args ...string) error {
	t.Helper()
	fs := pflag.NewFlagSet("lab", pflag.ContinueOnError)
	v := newLabFlags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return v.CheckTarget(ctx)
}

// TestCheckTarget checks that a page whose status the load does not accept is
// refused, with a hint how to accept it, and that a slow page is not awaited.
func TestCheckTarget(t *testing.T) {
	for args, want := range map[string]string{
		"":                                "",
		"--path /bytes/10":                "",
		"--path /stream-bytes/100":        "",
		"--path /delay/10":                "",
		"--path /drip?delay=10":           "",
		"--path /status/302":              "",
		"--path /status/200 -m POST -d x": "",
		"--path /status/404 --ok 404":     "",
		"--path /nowhere":                 "--path /nowhere: the test request GET returned status 404; --ok 404 if the load expects this status",
		"--path /status/503 -m POST":      "--path /status/503: the test request POST returned status 503; --ok 503 if the load expects this status",
		"--path /delay/soon":              "--path /delay/soon: the test request GET returned status 400; --ok 400 if the load expects this status",
		"--path /status/302 --ok 200":     "",
		"--path /status/302 --ok 200 -disable-redirects": "--path /status/302: the test request GET returned status 302; --ok 302 if the load expects this status",
		"--backend http://no-such-host.invalid:80":       "--backend http://no-such-host.invalid:80: the test request GET / failed: no-such-host.invalid: does not resolve: ",
	} {
		err := checkTarget(t.Context(), t, normalized(args)...)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if hinted, ok := errors.AsType[*misuse.Error](err); ok {
			got += "; " + hinted.Hint
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %q; want %q", args, got, want)
		}
	}
}

// TestCheckBackend checks that the backend gets one request like those of the load.
func TestCheckBackend(t *testing.T) {
	var count atomic.Int64
	var last atomic.Value
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		count.Add(1)
		body, _ := io.ReadAll(r.Body)
		last.Store(r.Method + " " + r.URL.Path + " " + r.Header.Get("X-A") + " " + string(body))
		if r.URL.Path == "/no" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer s.Close()
	if err := checkTarget(t.Context(), t, "--backend", s.URL, "--path", "/yes", "-m", "PUT", "-d", "text", "-H", "X-A: b", "-z", "1m"); err != nil {
		t.Error(err)
	}
	if got := last.Load(); got != "PUT /yes b text" || count.Load() != 1 {
		t.Errorf("%d requests, the last %q; want one like the load's", count.Load(), got)
	}
	err := checkTarget(t.Context(), t, "--backend", s.URL, "--path", "/no")
	if err == nil || err.Error() != "--path /no: the test request GET returned status 418" || count.Load() != 2 {
		t.Errorf("got %v after %d requests", err, count.Load())
	}
}

// TestCheckBackendGone covers a backend that does not listen and one that never
// responds: the check ends at the load's timeout or after a Ctrl-C.
func TestCheckBackendGone(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	accepted := make(chan struct{}, 2)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- struct{}{}
			defer c.Close()
		}
	}()
	err = checkTarget(t.Context(), t, "--backend", url, "-t", "100ms")
	if err == nil || !strings.HasPrefix(err.Error(), "--backend "+url+": the test request GET / failed: ") {
		t.Errorf("silent: got %v", err)
	}
	<-accepted
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-accepted
		cancel()
	}()
	if err := checkTarget(ctx, t, "--backend", url); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	err = checkTarget(t.Context(), t, "--backend", url)
	if want := "--backend " + url + ": the test request GET / failed: dial tcp " + l.Addr().String() + ": connect: connection refused"; err == nil || err.Error() != want {
		t.Errorf("gone: got %v; want %s", err, want)
	}
}
