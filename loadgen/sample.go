package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// sampleText is a failure in the words that hey prints, so that equal causes
// share a line: the URL's address in place of the replica's, and no source
// port.
func sampleText(at *hop, f *failure, class record.Class) string {
	text := f.text
	if text == "" {
		text = reason(f.err)
	}
	if class.Cause() == record.CauseTimeout && isTimeout(f.err) && class.Stage() != record.StageConnect {
		text = timeoutText(class.Stage())
	}
	text = safetext.Bounded(text)
	if malformed, ok := errors.AsType[*h1.MalformedError](f.err); ok && malformed.Looks == h1.LooksTLS && at.direct() {
		text += ": use https://"
	}
	return title(at.method) + ` "` + at.shown() + `": ` + text
}

// timeoutText is what net/http says of a request that took longer than -t.
func timeoutText(s record.Stage) string {
	if s == record.StageBody {
		return "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
	}
	return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
}

// errorText is a failure on an established connection, as net names it.
func errorText(f *failure, local net.Addr, address string) string {
	op := "read"
	if f.stage == record.StageSend {
		op = "write"
	}
	var errno syscall.Errno
	if !errors.As(f.err, &errno) {
		return reason(f.err)
	}
	if call, ok := errors.AsType[*os.PathError](f.err); ok {
		op = call.Op // a handshake both reads and writes
	}
	return op + " tcp " + maskedSource(local) + "->" + address + ": " + op + ": " + errno.Error()
}

// maskedSource is a local address without its port, which differs for every
// connection.
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

// reason is the part of an error's text that names the cause alone.
func reason(err error) string {
	var call *os.SyscallError
	var invalid x509.CertificateInvalidError
	var record tls.RecordHeaderError
	switch {
	case isTimeout(err):
		return "i/o timeout"
	case errors.As(err, &call):
		return call.Error()
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "unexpected EOF"
	case errors.As(err, &record) && string(record.RecordHeader[:]) == "HTTP/":
		return "http: server gave HTTP response to HTTPS client"
	case errors.Is(err, errSelfConnect):
		return "connect: connection refused"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		// Without the current time, which makes each second another text.
		return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: good from " +
			invalid.Cert.NotBefore.UTC().Format(time.RFC3339) + " to " + invalid.Cert.NotAfter.UTC().Format(time.RFC3339)
	}
	return safetext.Bounded(err.Error())
}

// title is a method as hey's error texts write it: "Get", "Post".
func title(method string) string {
	if method == "" {
		return ""
	}
	return method[:1] + strings.ToLower(method[1:])
}
