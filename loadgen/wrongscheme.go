package loadgen

import (
	"context"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// plainAtTLS are texts that servers send, with status 400, in response to a
// cleartext request at a TLS port: nginx, Go, Apache, Tomcat.
var plainAtTLS = []string{
	"plain HTTP request was sent to HTTPS port",
	"sent an HTTP request to an HTTPS server",
	"speaking plain HTTP to",
	"combination of host and port requires TLS",
}

// wrongScheme returns a note if an http load looks as if it met a TLS port: the
// server said so, or it closed every connection without a response. In the
// second case nodrop tries one handshake, and the note gives the result. It is ""
// if there is nothing to say.
func (l *Load) wrongScheme(ctx context.Context, run *record.Run) string {
	switch {
	case l.target.TLS || l.cfg.Proxy != nil:
		return ""
	case slices.ContainsFunc(run.Responses, saysTLS):
		return "the server says that its port speaks TLS: use https://"
	case !closedWithoutResponse(run) || l.cfg.UnixSocket != "" || l.cfg.Endpoints != nil:
		return ""
	}
	speaks, err := l.speaksTLS(ctx)
	switch {
	case speaks:
		return "the port speaks TLS: use https:// (the server sent no response, so nodrop tried one TLS handshake after the load)"
	case err != nil:
		return "" // the server may be gone: nothing is known
	}
	return "the server closed every connection without a response; it does not speak TLS (nodrop tried one handshake after the load)"
}

func saysTLS(r record.ErrorResponse) bool {
	const badRequest = 400
	return r.Status == badRequest && slices.ContainsFunc(plainAtTLS, func(text string) bool { return strings.Contains(r.Body, text) })
}

// closedWithoutResponse reports whether the server took requests and closed
// every connection without sending a byte, as most TLS servers do for a
// cleartext request.
func closedWithoutResponse(r *record.Run) bool {
	closed := [...]record.Class{record.NewClass(record.StageWait, record.CauseEOF), record.NewClass(record.StageWait, record.CauseReset)}
	return !r.Interrupted && len(r.Outcomes) > 0 && !slices.ContainsFunc(r.Outcomes, func(o record.Outcome) bool {
		return !slices.Contains(closed[:], o.Class)
	})
}

// probeTimeout limits the time of the handshake that is tried after the load.
const probeTimeout = time.Second

// speaksTLS tries one TLS handshake with the target of an http URL. An error
// means that the answer is not known.
func (l *Load) speaksTLS(ctx context.Context) (speaks bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	endpoint, err := l.job.Endpoints.Next(ctx)
	if err != nil {
		return false, err
	}
	config := l.cfg.tlsConfig(l.target, true)
	config.InsecureSkipVerify = true //nolint:gosec // no request is sent
	return wire.SpeaksTLS(ctx, endpoint, l.job.Sources.Next(endpoint), config, time.Now().Add(probeTimeout))
}
