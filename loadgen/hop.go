package loadgen

import (
	"crypto/tls"

	"nodrop/loadgen/safetext"
)

// hop is one request of a redirect chain.
type hop struct {
	target   target
	key      string // of the connections that can carry it
	address  string // as error texts show it
	method   string
	body     payload
	sameHost bool
	given    bool        // by the user, not by a Location
	expects  bool        // the body waits for a 100
	bytes    []byte      // on the wire; without the body if that is a file
	tls      *tls.Config // nil for http
	home     bool        // connections go where those of the first hop go
	tunnel   bool        // to be asked of the proxy
}

// direct reports whether h goes to its target in cleartext, and not to a proxy.
func (h *hop) direct() bool { return h.tls == nil && h.key == h.target.origin() }

// shown is the hop's URL as people are shown it.
func (h *hop) shown() string {
	if h.given {
		return h.target.shown()
	}
	return safetext.Bounded(safetext.MaskForeignURL(h.target.url.String()))
}
