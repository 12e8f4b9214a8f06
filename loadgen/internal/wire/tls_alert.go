package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"reflect"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
)

// IsRejected reports whether err means that one side refused to speak TLS with
// the other: a certificate that does not verify, or an alert from the peer.
func IsRejected(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	_, ok := alertOf(err)
	return ok
}

// IsNotTLS reports whether err means that the peer did not speak TLS.
func IsNotTLS(err error) bool {
	_, ok := errors.AsType[tls.RecordHeaderError](err)
	return ok
}

// alertNoRenegotiation is the no_renegotiation alert (RFC 5246 §7.2).
const alertNoRenegotiation = 100

// WantsRenegotiation reports whether err means that the peer asked for another
// TLS handshake on a connection. Like net/http, nodrop does not make one: such
// a server asks for a client certificate only after it has seen the request,
// and would take what came before as sent by the same client. crypto/tls does
// not export the type of its alerts.
func WantsRenegotiation(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "local error" {
		return false
	}
	alert := reflect.ValueOf(op.Err)
	return alert.Kind() == reflect.Uint8 && alert.Uint() == alertNoRenegotiation
}

// certificateAlerts say that a certificate is bad or missing (RFC 8446 §6.2).
var certificateAlerts = [...]tls.AlertError{
	42,  // bad_certificate
	43,  // unsupported_certificate
	44,  // certificate_revoked
	45,  // certificate_expired
	46,  // certificate_unknown
	48,  // unknown_ca
	116, // certificate_required
}

// alertOf returns the alert that the peer sent, if err is one. crypto/tls uses
// an unexported type for it, of the same kind as AlertError.
func alertOf(err error) (alert tls.AlertError, ok bool) {
	op, ok := errors.AsType[*net.OpError](err)
	if !ok || op.Op != "remote error" { // how crypto/tls marks a received alert
		return 0, false
	}
	code := reflect.ValueOf(op.Err)
	if code.Kind() != reflect.Uint8 {
		return 0, false
	}
	return tls.AlertError(code.Uint()), true
}

// LooksTLS reports whether err means that the peer responded with TLS to a
// request in cleartext.
func LooksTLS(err error) bool {
	if broken, ok := errors.AsType[*h2.ConnError](err); ok {
		return broken.Looks == h1.LooksTLS
	}
	malformed, ok := errors.AsType[*h1.MalformedError](err)
	return ok && malformed.Looks == h1.LooksTLS
}
