// Package backend is the server behind a fleet: pages like httpbin's, which
// respond late, slowly or with a status of choice.
//
// The pipeline: a path → its route → parameters → the response.
//
// The invariant: path and parameters decide the whole response; only bytes that
// are asked for without a seed are random.
package backend

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"nodrop/scenario"
)

// The limits of URL parameters. Larger values are reduced silently, as httpbin
// does; negative values are errors.
const (
	maxDelay  = 10 * time.Second // of /delay
	maxDrip   = 60 * time.Second // of each of /drip's two times
	maxBytes  = 100 << 10        // of /bytes and /stream-bytes
	maxDripN  = 10 << 20         // bytes of /drip
	dripPause = time.Millisecond // minimum between two writes
)

// Page is the first page.
const Page = `<!DOCTYPE html>
<html>
<head><title>nodrop backend</title></head>
<body>
<h1>nodrop backend</h1>
<p>/status/N /delay/SECONDS /bytes/N /stream-bytes/N /drip?duration=2&amp;numbytes=10&amp;delay=2&amp;code=200</p>
</body>
</html>
`

// New returns the server. It accepts any method and reads every request body.
func New() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/{$}", route(servePage))
	mux.Handle("/status/{code}", route(serveStatus))
	mux.Handle("/delay/{seconds}", route(serveDelay))
	mux.Handle("/bytes/{n}", route(serveBytes))
	mux.Handle("/stream-bytes/{n}", route(serveStreamBytes))
	mux.Handle("/drip", route(serveDrip))
	return mux
}

// route is one page of the backend. It may return an error only for invalid
// parameters and before it writes.
type route func(w http.ResponseWriter, r *http.Request) error

func (serve route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength != 0 {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return // the client is gone
		}
	}
	if err := serve(w, r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

func servePage(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, Page)
	return nil
}

func serveStatus(w http.ResponseWriter, r *http.Request) error {
	code, err := parseStatus(r.PathValue("code"))
	if err != nil {
		return err
	}
	if code >= 300 && code < 400 && code != http.StatusNotModified {
		w.Header().Set("Location", "/")
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(code)
	return nil
}

func serveDelay(w http.ResponseWriter, r *http.Request) error {
	delay, err := parseSeconds("delay", r.PathValue("seconds"), maxDelay)
	if err != nil {
		return err
	}
	if !scenario.Sleep(r.Context(), delay) {
		return nil
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	fmt.Fprintf(w, "waited %v\n", delay)
	return nil
}

func serveBytes(w http.ResponseWriter, r *http.Request) error {
	noise, err := parseNoise(r)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.Itoa(len(noise)))
	_, _ = w.Write(noise)
	return nil
}

func serveStreamBytes(w http.ResponseWriter, r *http.Request) error {
	noise, err := parseNoise(r)
	if err != nil {
		return err
	}
	size, err := parseCount("chunk_size", query(r, "chunk_size", "10240"), maxBytes)
	if err != nil {
		return err
	}
	size = max(size, 1)
	w.Header().Set("Content-Type", "application/octet-stream")
	flush := http.NewResponseController(w).Flush
	_ = flush() // the header alone, without a length: the body is chunked
	for len(noise) > 0 {
		n := min(size, len(noise))
		if _, err := w.Write(noise[:n]); err != nil {
			return nil //nolint:nilerr // the client is gone: nobody is left to tell
		}
		_ = flush()
		noise = noise[n:]
	}
	return nil
}

type drip struct {
	delay, duration time.Duration
	n, code         int
}

func parseDrip(r *http.Request) (d drip, err error) {
	if d.duration, err = parseSeconds("duration", query(r, "duration", "2"), maxDrip); err != nil {
		return d, err
	}
	if d.delay, err = parseSeconds("delay", query(r, "delay", "2"), maxDrip); err != nil {
		return d, err
	}
	if d.n, err = parseCount("numbytes", query(r, "numbytes", "10"), maxDripN); err != nil {
		return d, err
	}
	if d.n == 0 {
		return d, errors.New("numbytes must be positive")
	}
	d.code, err = parseStatus(query(r, "code", "200"))
	return d, err
}

func serveDrip(w http.ResponseWriter, r *http.Request) error {
	d, err := parseDrip(r)
	if err != nil {
		return err
	}
	if !scenario.Sleep(r.Context(), d.delay) {
		return nil
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if bodyAllowed(d.code) {
		w.Header().Set("Content-Length", strconv.Itoa(d.n))
	}
	w.WriteHeader(d.code)
	if r.Method == http.MethodHead || !bodyAllowed(d.code) {
		return nil
	}
	d.pour(w, r)
	return nil
}

// pour sends n bytes evenly over the duration: one at the start of each of n
// equal intervals, or several where intervals would be shorter than dripPause.
func (d drip) pour(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w).Flush
	steps := d.n
	if longest := int(d.duration / dripPause); steps > longest {
		steps = max(longest, 1)
	}
	begin, sent := time.Now(), 0
	for i := range steps {
		due := begin.Add(time.Duration(float64(d.duration) * float64(i) / float64(steps)))
		if !scenario.Sleep(r.Context(), time.Until(due)) {
			return
		}
		upTo := int(int64(d.n) * int64(i+1) / int64(steps))
		if _, err := w.Write(stars(upTo - sent)); err != nil {
			return
		}
		sent = upTo
		_ = flush()
	}
}

func stars(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = '*'
	}
	return b
}

func bodyAllowed(code int) bool {
	return code != http.StatusNoContent && code != http.StatusNotModified
}

func query(r *http.Request, key, otherwise string) string {
	if v := r.URL.Query().Get(key); v != "" {
		return v
	}
	return otherwise
}

func parseStatus(s string) (int, error) {
	code, err := strconv.Atoi(s)
	if err != nil || code < 200 || code > 599 {
		return 0, fmt.Errorf("status %q is not a number from 200 to 599", s)
	}
	return code, nil
}

func parseCount(name, s string, limit int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q is not a number of 0 or more", name, s)
	}
	return min(n, limit), nil
}

func parseSeconds(name, s string, limit time.Duration) (time.Duration, error) {
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(seconds) || seconds < 0 {
		return 0, fmt.Errorf("%s %q is not a number of seconds, 0 or more", name, s)
	}
	return time.Duration(min(seconds, limit.Seconds()) * float64(time.Second)), nil
}

// parseNoise returns the requested number of random bytes; the same seed gives
// the same bytes.
func parseNoise(r *http.Request) ([]byte, error) {
	n, err := parseCount("number of bytes", r.PathValue("n"), maxBytes)
	if err != nil {
		return nil, err
	}
	seed := rand.Uint64()
	if s := r.URL.Query().Get("seed"); s != "" {
		signed, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("seed %q is not a number", s)
		}
		seed = uint64(signed)
	}
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	noise := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(noise) // never fails
	return noise, nil
}
