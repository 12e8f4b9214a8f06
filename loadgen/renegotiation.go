package loadgen

import (
	"errors"
	"fmt"
	"net"
	"reflect"
)

// alertNoRenegotiation is the alert of that name (RFC 5246 §7.2).
const alertNoRenegotiation = 100

// wantsRenegotiation reports whether err is that the peer asked for another TLS
// handshake on a connection. Like net/http, nodrop does not make one: such a
// server asks for a client's certificate only when it has seen the request, and
// what came before would be read as the same client's. crypto/tls keeps the type
// of its alerts to itself.
func wantsRenegotiation(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "local error" {
		return false
	}
	alert := reflect.ValueOf(op.Err)
	return alert.Kind() == reflect.Uint8 && alert.Uint() == alertNoRenegotiation
}

// renegotiationError is a server that asks for it, as misuse.
func renegotiationError(t target) error {
	return &HintError{
		Problem: fmt.Sprintf("URL %q: the server asks for TLS renegotiation, which nodrop does not do", t.shown()),
		Hint:    "have the server ask for the client's certificate in the first handshake, and give it with --cert FILE --key FILE",
	}
}

// refuseRenegotiation ends a load in which nothing has succeeded because the
// server asks for renegotiation, as some do only when they have seen a request:
// the next would fail as well, for want of something that nodrop does not have.
func (l *Load) refuseRenegotiation(at *hop, err error) {
	if !wantsRenegotiation(err) {
		return
	}
	if p := l.recorder.Progress(); p.Finished > p.Lost {
		return // some get through: it is for the report to tell
	}
	refusal := renegotiationError(at.target)
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
