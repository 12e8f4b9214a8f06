package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"reflect"

	"nodrop/loadgen/internal/h1"
)

// IsRejected reports whether err is one side's refusal to speak TLS with the
// other: a certificate that does not hold, or an alert from the peer.
func IsRejected(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := alertOf(err)
	return ok
}

// IsNotTLS reports whether err says that the peer spoke something else.
func IsNotTLS(err error) bool {
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// alertNoRenegotiation is the alert of that name (RFC 5246 §7.2).
const alertNoRenegotiation = 100

// WantsRenegotiation reports whether err is that the peer asked for another TLS
// handshake on a connection. Like net/http, nodrop does not make one: such a
// server asks for a client's certificate only when it has seen the request, and
// what came before would be read as the same client's. crypto/tls keeps the type
// of its alerts to itself.
func WantsRenegotiation(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "local error" {
		return false
	}
	alert := reflect.ValueOf(op.Err)
	return alert.Kind() == reflect.Uint8 && alert.Uint() == alertNoRenegotiation
}

// certificateAlerts say what is wrong with a certificate, or that there was none
// (RFC 8446 §6.2).
var certificateAlerts = [...]tls.AlertError{
	42,  // bad_certificate
	43,  // unsupported_certificate
	44,  // certificate_revoked
	45,  // certificate_expired
	46,  // certificate_unknown
	48,  // unknown_ca
	116, // certificate_required
}

// alertOf is the alert that the peer sent, if that is what err is. crypto/tls
// has a type of its own for it, of the same kind as its AlertError.
func alertOf(err error) (alert tls.AlertError, ok bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" { // crypto/tls's mark of an alert received
		return 0, false
	}
	code := reflect.ValueOf(op.Err)
	if code.Kind() != reflect.Uint8 {
		return 0, false
	}
	return tls.AlertError(code.Uint()), true
}

// LooksTLS reports whether err says that the peer answered a request in
// cleartext with TLS.
func LooksTLS(err error) bool {
	malformed, ok := errors.AsType[*h1.MalformedError](err)
	return ok && malformed.Looks == h1.LooksTLS
}
