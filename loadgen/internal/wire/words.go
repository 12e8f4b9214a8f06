package wire

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// ErrorText returns the text of a failure on an established connection, as
// package net writes it.
func ErrorText(stage record.Stage, err error, local net.Addr, address string) string {
	op := "read"
	if stage == record.StageSend {
		op = "write"
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return Reason(err)
	}
	op = failedCall(err, op)
	return op + " tcp " + maskedSource(local) + "->" + address + ": " + op + ": " + errno.Error()
}

// failedCall returns the call that failed, op if err does not say: a handshake
// both reads and writes.
func failedCall(err error, op string) string {
	if call, ok := errors.AsType[*os.PathError](err); ok {
		return call.Op
	}
	if call, ok := errors.AsType[*os.SyscallError](err); ok {
		return call.Syscall
	}
	return op
}

// maskedSource returns a local address without its port, which differs for
// every connection.
func maskedSource(a net.Addr) string {
	if a == nil {
		return "*"
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return "*"
	}
	return net.JoinHostPort(host, "*")
}

// Reason returns the part of an error's text that names the cause.
func Reason(err error) string {
	var call *os.SyscallError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case IsTimeout(err):
		return "i/o timeout"
	case errors.As(err, &call):
		return call.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return "http: server gave HTTP response to HTTPS client"
	case errors.Is(err, ErrSelfConnect):
		return "connect: connection refused"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		// Without the current time, which would give each second its own text.
		return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: good from " +
			invalid.Cert.NotBefore.UTC().Format(time.RFC3339) + " to " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
	}
	return safetext.Bounded(err.Error())
}
