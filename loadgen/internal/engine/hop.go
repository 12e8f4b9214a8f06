package engine

import (
	"crypto/tls"

	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/safetext"
)

// Hop is one request of a redirect chain.
type Hop struct {
	Target   target.Target
	Key      string // identifies the connections that can carry it
	Address  string // as shown in error texts
	Method   string
	Body     Payload
	SameHost bool
	Given    bool         // the user gave the URL, not a Location
	Expects  bool         // the body waits for a 100 (Continue)
	Bytes    []byte       // on the wire, without a body that is a file
	TLS      *tls.Config  // nil for http
	HTTP2    *h2.Prepared // the request over HTTP/2; nil if the hop is sent over HTTP/1.1
	Home     bool         // connections go to the same endpoints as the first hop's
	Tunnel   bool         // needs a tunnel through the proxy
}

func (h *Hop) direct() bool { return h.TLS == nil && h.Key == h.Target.Origin() }

// Shown returns the hop's URL as reports show it.
func (h *Hop) Shown() string {
	if h.Given {
		return h.Target.Shown()
	}
	return safetext.Bounded(safetext.MaskForeignURL(h.Target.URL.String()))
}
