package loadgen

import (
	"fmt"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/misuse"
)

// renegotiationError is the misuse error for a server that requests
// renegotiation.
func renegotiationError(t target.Target) error {
	return &misuse.Error{
		Problem: fmt.Sprintf("URL %q: the server asks for TLS renegotiation, which nodrop does not support", t.Shown()),
		Hint:    "make the server ask for a client certificate in the first handshake, and pass it with --cert FILE --key FILE",
	}
}

// refuseRenegotiation stops a load in which nothing has succeeded because the
// server requests renegotiation, as some servers do only after they have read a
// request. Every further request would fail too, because nodrop does not
// support it.
func (l *Load) refuseRenegotiation(at *engine.Hop, err error) {
	if !wire.WantsRenegotiation(err) {
		return
	}
	if p := l.recorder.Progress(); p.Finished > p.Lost {
		return // some requests succeed, so the report explains the others
	}
	refusal := renegotiationError(at.Target)
	l.refusal.CompareAndSwap(nil, &refusal)
	l.Stop()
}

// Refused is why a load could not be sent after it had begun; nil otherwise. If
// it is not nil, the run is meaningless.
func (l *Load) Refused() error {
	if refusal := l.refusal.Load(); refusal != nil {
		return *refusal
	}
	return nil
}
