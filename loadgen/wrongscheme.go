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

// wrongScheme is a note on a run to an http URL if its port speaks TLS, or may;
// "" otherwise.
func (l *Load) wrongScheme(ctx context.Context, run *record.Run) string {
	switch {
	case l.target.TLS || l.cfg.Proxy != nil:
		return ""
	case slices.ContainsFunc(run.Responses, saysTLS):
		return "the server says that its port speaks TLS: use https://"
	case !closedWithoutResponse(run) || l.cfg.UnixSocket != "" || l.cfg.Endpoints != nil:
		return ""
	case l.speaksTLS(ctx):
		return "the port speaks TLS: use https:// (the server sent no response, so nodrop tried one TLS handshake after the load)"
	}
	return "the server sent no response, so nodrop tried one TLS handshake after the load: the port does not speak TLS either"
}

func saysTLS(a record.ErrorResponse) bool {
	const badRequest = 400
	return a.Status == badRequest && slices.ContainsFunc(plainAtTLS, func(text string) bool { return strings.Contains(a.Body, text) })
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

// probeBound limits the time of the handshake that is tried after the load.
const probeBound = time.Second

// speaksTLS tries one TLS handshake with the target of an http URL.
func (l *Load) speaksTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, probeBound)
	defer cancel()
	endpoint, err := l.job.Endpoints.Next(ctx)
	if err != nil {
		return false
	}
	config := l.cfg.tlsConfig(l.target, true)
	config.InsecureSkipVerify = true //nolint:gosec // nothing is sent
	return wire.SpeaksTLS(ctx, endpoint, l.job.Sources.Next(endpoint), config, time.Now().Add(probeBound))
}
