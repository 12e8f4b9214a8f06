package h2fault

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// different lists kinds of which x/net's client says something else, as it does
// of all their streams: ok or not.
var different = map[Kind]bool{
	ConnectionField: true,  // malformed by RFC 9113, 8.2.2
	TwoLengths:      true,  // it takes the first
	NotModified:     false, // it misses the body that a 304 has not (RFC 9110, 8.6)
}

// endedByClient lists kinds because of which x/net's client fails requests
// without sending them.
var endedByClient = map[Kind]bool{
	HugeField: true, Bomb: true, EndlessInterim: true, // it ends the connection
	StatusInTrailers: true, OpenTrailers: true, // the same
	FewStreams: true, ChangingStreams: true, // it has no room for them
	GoAwayAfter: true, OKThenEOF: true, OKThenReset: true, // it knows that they would be lost
}

// result is what x/net's client says of a request.
type result struct {
	status int
	err    error
}

// exchangeWith makes an exchange with x/net's client on one connection: it does
// not retry there.
func exchangeWith(ctx context.Context, t *testing.T, c *client, e Exchange) []result {
	t.Helper()
	transport := &http2.Transport{AllowHTTP: true, DisableCompression: true}
	cc, err := transport.NewClientConn(c.conn)
	if err != nil {
		t.Fatal(err)
	}
	results := make(chan result)
	for range e.Streams {
		go func() { results <- roundTrip(ctx, cc, e) }()
	}
	all := make([]result, e.Streams)
	for i := range all {
		all[i] = <-results
	}
	_ = cc.Close()
	return all
}

func roundTrip(ctx context.Context, cc *http2.ClientConn, e Exchange) result {
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
	err = consume(response)
	return result{response.StatusCode, errors.Join(err, response.Body.Close())}
}

// consume reads a response's content to its end.
func consume(response *http.Response) error {
	content := io.Reader(response.Body)
	if response.Header.Get("Content-Encoding") == "gzip" {
		unzipped, err := gzip.NewReader(content)
		if err != nil {
			return err
		}
		content = unzipped
	}
	_, err := io.Copy(io.Discard, content)
	return err
}

// TestExchanges: a client of another make loses as many streams as the server
// says, in every exchange.
func TestExchanges(t *testing.T) {
	for _, e := range Exchanges() {
		for _, secure := range []bool{false, true} {
			if secure && e.Body > 0 && e.Kind != OK {
				continue // bodies do not depend on TLS
			}
			t.Run(fmt.Sprintf("%v/%s/tls=%t", e.Kind, e.Method, secure), func(t *testing.T) {
				t.Parallel()
				ctx, giveUp := context.WithTimeout(t.Context(), patient)
				defer giveUp()
				s := start(t, e.Plan(), secure)
				c := dial(t, s)
				if givesUp(e) {
					go func() {
						awaitOpened(ctx, s, int64(e.Streams))
						time.AfterFunc(impatient, giveUp)
					}()
				}
				results := exchangeWith(ctx, t, c, e)
				_ = c.tcp.Close() // the client may have done so
				checkExchange(t, e, results, countsOf(t, s))
			})
		}
	}
}

// givesUp reports whether a client must give up streams of the exchange, or may
// have to because it overlooks what is malformed.
func givesUp(e Exchange) bool {
	if _, listed := different[e.Kind]; listed {
		return false
	}
	fates := fatesOf(e.Kind)
	return fates[Held]+fates[Broken] > 0 || e.Body > 0 && e.Kind == WindowShut
}

// awaitOpened returns when the server has read the heads of n requests: no frame
// shows it.
func awaitOpened(ctx context.Context, s *Server, n int64) {
	for ctx.Err() == nil && s.Counts().Opened < n {
		time.Sleep(time.Millisecond)
	}
}

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
	if fine, listed := different[e.Kind]; listed {
		want = 0
		if fine {
			want = int64(len(results))
		}
	}
	if unseen := int64(e.Streams) - n.Opened; unseen < 0 || unseen > 0 && !endedByClient[e.Kind] || n.Streams != n.Opened || n.ByKind[e.Kind].Total() != n.Streams {
		t.Errorf("%d of %d streams have a fate, of %d requests: %v", n.Streams, n.Opened, e.Streams, n.ByKind)
	}
	if good != want {
		t.Errorf("the client got %d responses of %+v; the server sent %d: %v", good, results, want, totals(n.ByKind[e.Kind]))
	}
}
