package loadgen

import (
	"crypto/tls"
	"fmt"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// HTTP2 says how a load comes to speak HTTP/2. The zero value is HTTP/1.1.
type HTTP2 string

// The ways. H2 asks an https server in the TLS handshake (ALPN), and speaks
// HTTP/1.1 if the server chooses that. H2C speaks HTTP/2 over http without
// asking (prior knowledge, RFC 9113 §3.3).
const (
	H2  HTTP2 = "h2"
	H2C HTTP2 = "h2c"
)

// DefaultStreams is how many requests share a connection of HTTP/2 unless the
// server allows fewer: as many as RFC 9113 §6.5.2 asks servers to allow.
const DefaultStreams = 100

func (o *Options) http2() HTTP2 {
	switch {
	case o.H2C:
		return H2C
	case o.H2:
		return H2
	}
	return ""
}

// validateHTTP2 rejects what cannot be sent over HTTP/2. Like hey, it sends an
// http load with -h2 over HTTP/1.1, but says so.
func (c *Config) validateHTTP2(t target.Target) error {
	ok, err := c.OK.Compile()
	switch {
	case err != nil:
		return err
	case ok[record.NoStatus] && (c.HTTP2 == "" || c.HTTP2 == H2 && !t.TLS):
		return wrong("%v goaway: only HTTP/2 has GOAWAY", OptionOK).try("add %v for https://, %v for http://", OptionH2, OptionH2C)
	case c.HTTP2 == "":
		return nil
	case c.HTTP2 == H2 && !t.TLS:
		c.HTTP2 = ""
		c.corrected = append(c.corrected, "-h2 has no effect on an http:// URL, as in hey: the load speaks HTTP/1.1; use --h2c for HTTP/2 without TLS")
		return nil
	case c.HTTP2 == H2C && t.TLS:
		return wrong("%v: an https:// load agrees on its protocol in the TLS handshake", OptionH2C).try("use %v", OptionH2)
	case c.HTTP2 == H2C && c.Proxy != nil && c.asksProxy(t):
		return wrong("%v and %v: a proxy takes http:// requests over HTTP/1.1 only", OptionH2C, OptionProxy)
	case c.Streams < 1:
		return wrong("%v %d: at least 1 is needed", OptionStreams, c.Streams)
	case c.TraceLost > 0:
		return wrong("%v: requests over HTTP/2 cannot be traced", OptionTraceLost)
	}
	req := c.h2Request(t, c.Method, engine.Payload{Bytes: c.Body}, true)
	return req.Validate()
}

// h2Request is the message for one hop over HTTP/2.
func (c *Config) h2Request(t target.Target, method string, body engine.Payload, sameHost bool) h2.Request {
	plain := c.request(t, method, body, sameHost)
	req := h2.Request{Method: method, Scheme: "http", Authority: plain.Host, Path: plain.Target, Fields: plain.Fields, Body: body.Bytes}
	if t.TLS {
		req.Scheme = "https"
	}
	if file := body.File; file != nil {
		req.Length, req.Read = file.Size, func(b []byte, off int64) error {
			if fail := file.Read(b, off); fail != nil {
				return fail
			}
			return nil
		}
	}
	return req
}

// agree sets which protocol the load speaks, and returns what the user should
// know about that. chosen is what the server chose in a handshake before the
// load, "" if there was none.
func (l *Load) agree(chosen string) (doubts []string) {
	switch {
	case l.cfg.HTTP2 == "":
		return nil
	case l.cfg.HTTP2 == H2 && chosen == wire.ProtocolHTTP1:
		l.cfg.HTTP2 = ""
		return []string{"-h2 offers HTTP/2, but the server chose HTTP/1.1: the load speaks HTTP/1.1"}
	case l.cfg.HTTP2 == H2 && chosen == "":
		doubts = append(doubts, "no handshake before the load showed whether the server speaks HTTP/2: requests on a connection for which it chooses HTTP/1.1 are lost (tls.other)")
	}
	l.job.Streams = l.cfg.streams()
	req := l.cfg.h2Request(l.target, l.cfg.Method, l.body, true)
	for _, name := range req.LeftOut() {
		doubts = append(doubts, fmt.Sprintf("-H %q is not sent: HTTP/2 has no such header", name))
	}
	return doubts
}

// homeTLS is the TLS configuration of connections to the load's own origin. It
// offers HTTP/2 if the load speaks that.
func (c *Config) homeTLS(t target.Target) *tls.Config {
	config := c.tlsConfig(t, true)
	if c.HTTP2 == H2 {
		config.NextProtos = []string{wire.ProtocolH2, wire.ProtocolHTTP1}
	}
	return config
}

// streams is how many requests share a connection, if the server allows as many.
func (c *Config) streams() int {
	if c.HTTP2 == "" || c.DisableKeepAlive {
		return 1
	}
	return c.Streams
}

// connections is how many connections the load needs to have all its requests
// under way at once.
func (c *Config) connections() int64 {
	n, each := int64(c.Workers), int64(c.streams())
	return (n + each - 1) / each
}
