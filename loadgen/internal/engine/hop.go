package engine

import (
	"crypto/tls"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/safetext"
)

// Hop is one request of a redirect chain.
type Hop struct {
	Target   target.Target
	Key      string // of the connections that can carry it
	Address  string // as error texts show it
	Method   string
	Body     Payload
	SameHost bool
	Given    bool        // by the user, not by a Location
	Expects  bool        // the body waits for a 100
	Bytes    []byte      // on the wire; without the body if that is a file
	TLS      *tls.Config // nil for http
	Home     bool        // connections go where those of the first hop go
	Tunnel   bool        // to be asked of the proxy
}

// direct reports whether h goes to its target in cleartext, and not to a proxy.
func (h *Hop) direct() bool { return h.TLS == nil && h.Key == h.Target.Origin() }

// Shown is the hop's URL as people are shown it.
func (h *Hop) Shown() string {
	if h.Given {
		return h.Target.Shown()
	}
	return safetext.Bounded(safetext.MaskForeignURL(h.Target.URL.String()))
}
