package h2fault

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// lenient lists kinds whose malformed responses x/net's client accepts, and why
// nodrop must not.
var lenient = map[Kind]string{}

// result is what x/net's client says of a request.
type result struct {
	status int
	err    error
}

// exchangeWith makes an exchange with x/net's client on one connection: it does
// not retry there.
func exchangeWith(t *testing.T, c *client, e Exchange, timeout time.Duration) []result {
	t.Helper()
	transport := &http2.Transport{AllowHTTP: true, DisableCompression: true}
	cc, err := transport.NewClientConn(c.conn)
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan result)
	for range e.Streams {
		go func() { results <- roundTrip(cc, e, timeout) }()
	}
	all := make([]result, e.Streams)
	for i := range all {
		all[i] = <-results
	}
	_ = cc.Close()
	return all
}

func roundTrip(cc *http2.ClientConn, e Exchange, timeout time.Duration) result {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var body io.Reader
	if e.Body > 0 {
		body = bytes.NewReader(make([]byte, e.Body))
	}
	request, err := http.NewRequestWithContext(ctx, e.Method, "http://gateway/", body)
	if err != nil {
		return result{err: err}
	}
	response, err := cc.RoundTrip(request)
	if err != nil {
		return result{err: err}
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return result{response.StatusCode, err}
}

// TestExchanges: a client of another make loses as many streams as the server
// says, in every exchange.
func TestExchanges(t *testing.T) {
	for _, e := range Exchanges() {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v/%s/tls=%t", e.Kind, e.Method, secure), func(t *testing.T) {
				t.Parallel()
				timeout := patient
				if givesUp(e) {
					timeout = impatient
				}
				s := start(t, e.Plan(), secure)
				c := dial(t, s)
				results := exchangeWith(t, c, e, timeout)
				_ = c.tcp.Close() // the client may have done so
				checkExchange(t, e, results, countsOf(t, s))
			})
		}
	}
}

// givesUp reports whether a client must give up streams of the exchange, or may
// have to because it overlooks what is malformed.
func givesUp(e Exchange) bool { return len(e.Says(Held))+len(e.Says(Broken)) > 0 }

func checkExchange(t *testing.T, e Exchange, results []result, n Counts) {
	t.Helper()
	var good, want int64
	for _, r := range results {
		if r.err == nil && r.status < 400 {
			good++
		}
	}
	for fate, count := range n.ByKind[e.Kind] {
		if len(e.Says(Fate(fate))) == 0 {
			want += count.Total()
		}
	}
	if why := lenient[e.Kind]; why != "" {
		want = int64(len(results))
	}
	if good != want {
		t.Errorf("the client got %d responses of %+v; the server sent %d: %v", good, results, want, totals(n.ByKind[e.Kind]))
	}
}
