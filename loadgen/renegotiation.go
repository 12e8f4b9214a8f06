package loadgen

import (
	"fmt"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/misuse"
)

// renegotiationError is a server that asks for it, as misuse.
func renegotiationError(t target.Target) error {
	return &misuse.Error{
		Problem: fmt.Sprintf("URL %q: the server asks for TLS renegotiation, which nodrop does not do", t.Shown()),
		Hint:    "have the server ask for the client's certificate in the first handshake, and give it with --cert FILE --key FILE",
	}
}

// refuseRenegotiation ends a load in which nothing has succeeded because the
// server asks for renegotiation, as some do only when they have seen a request:
// the next would fail as well, for want of something that nodrop does not have.
func (l *Load) refuseRenegotiation(at *engine.Hop, err error) {
	if !wire.WantsRenegotiation(err) {
		return
	}
	if p := l.recorder.Progress(); p.Finished > p.Lost {
		return // some get through: it is for the report to tell
	}
	refusal := renegotiationError(at.Target)
	l.refusal.CompareAndSwap(nil, &refusal)
	l.Stop()
}

// Refused is why a load turned out, when it had begun, to be one that cannot be
// carried out; nil for any other. Its run says nothing then.
func (l *Load) Refused() error {
	if refusal := l.refusal.Load(); refusal != nil {
		return *refusal
	}
	return nil
}
