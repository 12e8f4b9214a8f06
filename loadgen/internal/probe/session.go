package probe

import "crypto/tls"

// session is the TLS session of an endpoint's last probe, for the next one to
// resume. That shows as much as a whole handshake that the endpoint accepts
// connections and responds over TLS, and takes half the processor time, which the
// load may need: no certificate is verified a second time, and no hybrid key
// exchange made. An endpoint that does not know the session makes a whole
// handshake instead.
//
// It takes no lock: an endpoint has one probe in flight.
type session struct {
	first, next *tls.Config // the load's, with this session; without one yet, and with one
	state       *tls.ClientSessionState
	offered     bool // by the last probe
	refused     bool // a handshake failed that offered it: offer none any more
}

// classic are the key exchanges to offer along with a session. Its secret, which
// is part of the new keys, comes from a handshake that had every choice.
var classic = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}

func newSession(load *tls.Config) *session {
	s := &session{first: load.Clone()}
	s.first.ClientSessionCache = s
	s.next = s.first.Clone()
	s.next.CurvePreferences = classic
	return s
}

// config returns what the next handshake uses.
func (s *session) config() *tls.Config {
	if s.state == nil {
		return s.first
	}
	return s.next
}

// Get implements tls.ClientSessionCache.
func (s *session) Get(string) (*tls.ClientSessionState, bool) {
	s.offered = s.state != nil
	return s.state, s.offered
}

// Put implements tls.ClientSessionCache.
func (s *session) Put(_ string, state *tls.ClientSessionState) { s.state = state }

// session returns the session of an endpoint, for a probe that begins; nil if
// it must make a whole handshake, or none.
func (p *Prober) session(endpoint int) *session {
	if p.job.First.TLS == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.sessions[endpoint]
	switch {
	case s == nil:
		s = newSession(p.job.First.TLS)
		p.sessions[endpoint] = s
	case s.refused:
		return nil
	}
	s.offered = false
	return s
}
