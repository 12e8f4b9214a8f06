package lab

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"nodrop/scenario/lab/gateway"
)

const copyBuffer = 32 << 10

// proxy forwards each request to the backend and its response to the client.
//
// It is leaner than httputil.ReverseProxy, which needs about a fifth more
// processor time per request on new connections. It omits what the lab does not
// need: upgrades, trailers, 1xx responses and rewriting.
//
// http.Transport retries an idempotent request if a kept-alive connection to
// the backend turns out to be dead. The lab does not measure that hop, and the
// backend never stops during a run.
type proxy struct {
	name      []string // the value of ReplicaHeader
	backend   string   // host:port
	transport *http.Transport
	buffers   sync.Pool // of *[]byte
	draining  atomic.Bool
	inFlight  atomic.Int64
}

func newProxy(name, backend string, idle time.Duration) *proxy {
	dialer := net.Dialer{Timeout: 5 * time.Second, KeepAlive: -1}
	return &proxy{
		name:    []string{name},
		backend: backend,
		transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxIdleConnsPerHost: 4096, // at least the number of clients
			IdleConnTimeout:     idle,
			DisableCompression:  true,
		},
		buffers: sync.Pool{New: func() any {
			b := make([]byte, copyBuffer)
			return &b
		}},
	}
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.inFlight.Add(1)
	defer p.inFlight.Add(-1)

	header := w.Header()
	resp, err := p.transport.RoundTrip(p.outgoing(r))
	if err == nil {
		defer func() { _ = resp.Body.Close() }()
		copyHeader(header, resp.Header)
	}
	header[gateway.ReplicaHeader] = p.name
	if p.draining.Load() {
		header.Set("Connection", "close") // the server closes after such a response
	}
	if err != nil {
		http.Error(w, "bad gateway: "+err.Error(), http.StatusBadGateway)
		return
	}
	w.WriteHeader(resp.StatusCode)
	if err := p.copyBody(w, resp); err != nil {
		panic(http.ErrAbortHandler) // a truncated body must not look complete
	}
}

func (p *proxy) outgoing(r *http.Request) *http.Request {
	target := *r.URL
	target.Scheme, target.Host = "http", p.backend
	out := r.WithContext(r.Context())
	out.URL = &target
	out.RequestURI = ""
	out.Close = false
	out.TransferEncoding, out.Trailer = nil, nil
	out.Header = make(http.Header, len(r.Header))
	copyHeader(out.Header, r.Header)
	if r.ContentLength == 0 {
		out.Body = nil
	}
	return out
}

// copyBody forwards the response body without delay: data that the backend
// sends slowly arrives slowly, and a small body is sent in one write with its
// header.
func (p *proxy) copyBody(w http.ResponseWriter, resp *http.Response) error {
	buffer := p.buffers.Get().(*[]byte)
	defer p.buffers.Put(buffer)
	var sent int64
	for {
		n, readErr := resp.Body.Read(*buffer)
		if n > 0 {
			if _, err := w.Write((*buffer)[:n]); err != nil {
				return err
			}
			sent += int64(n)
		}
		if readErr == io.EOF {
			return nil
		}
		if readErr != nil {
			return readErr
		}
		if sent == resp.ContentLength {
			continue // only the end of the body is left
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return err
		}
	}
}

// copyHeader copies the end-to-end fields, without hop-by-hop fields.
func copyHeader(to, from http.Header) {
	for key, values := range from {
		if !hopField(key) {
			to[key] = values
		}
	}
	for _, list := range from["Connection"] {
		for key := range strings.SplitSeq(list, ",") {
			to.Del(strings.TrimSpace(key))
		}
	}
}

// hopField reports whether a field is hop-by-hop (RFC 9110 §7.6.1). It includes
// Expect, which our server has handled once the body is read.
func hopField(key string) bool {
	switch key {
	case "Connection", "Proxy-Connection", "Keep-Alive", "Te", "Trailer",
		"Transfer-Encoding", "Upgrade", "Expect":
		return true
	}
	return false
}
