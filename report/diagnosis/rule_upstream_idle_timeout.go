package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// upstreamIdleTimeout: a gateway sent requests on connections that its upstream
// was closing because they had been idle. It happens now and then, whatever is
// done to the target.
type upstreamIdleTimeout struct{ ofShape }

func (upstreamIdleTimeout) explain(s *observed.Observation, e *observed.Evidence) Finding {
	g := s.Errors.Groups(e.Lost)[0]
	like, method := responsesLike(s, e), s.Run.Settings.Method
	seen := errorpage.Products(like)
	resent := len(seen) == 0 && errorpage.Resends("", method) || slices.ContainsFunc(seen, func(p string) bool { return errorpage.Resends(p, method) })
	n, apart := int64(len(e.Lost)), ""
	if g.Moments < g.Lost {
		apart = fmt.Sprintf(", at %d different times", g.Moments)
	}
	f := Finding{
		Title: fmt.Sprintf("%s had status %s, now and then over %s: the gateway used connections that its upstream was closing, probably at its idle timeout",
			phrase.Counted(n, "response", "responses"), statuses(e), phrase.Duration(e.Span())),
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence: []string{
			e.What(),
			e.When() + "; " + s.Where(e),
			fmt.Sprintf("%s of the responses in that time%s; the others were ok", phrase.Percentage(g.Share), apart),
			quickness(g),
		},
	}
	if begin, known := s.Errors.Event(); known {
		f.Evidence = append(f.Evidence, fmt.Sprintf("they came before the event (at %s) as well", phrase.Moment(begin)))
		for _, c := range e.Classes {
			if rates := s.Loss.Baseline.Class(c.Class); rates != nil {
				f.Evidence = append(f.Evidence, phrase.Rates(rates, eventName(s)))
			}
		}
	} else {
		f.Evidence = append(f.Evidence, "no mark shows an event: they come in normal operation")
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, observed.MaxTexts, n)...)
	if resent || !g.Said.Known || !g.NoChance {
		f.Confidence = CannotTell
		f.Title = fmt.Sprintf("%s had status %s, now and then over %s", phrase.Counted(n, "response", "responses"), statuses(e), phrase.Duration(e.Span()))
		f.Evidence = append(f.Evidence, "cannot tell whether the upstream closes idle connections that the gateway still uses, or crashes or closes connections now and then: the gateway's log says which upstream it was")
		if !g.Said.Known {
			f.Evidence = append(f.Evidence, "the responses do not look like a known gateway's own: perhaps the application sent them")
		}
	}
	if resent {
		f.Evidence = append(f.Evidence, fmt.Sprintf("a gateway that sends %s requests again on a new connection would have hidden an idle timeout", method))
	}
	f.Remedies = settingsFor(s, like, idleTimeouts)
	return f
}

// quickness says how soon the responses came. What held others up was no cause of
// theirs if it held them all up together.
func quickness(g *errorshape.Group) string {
	text := fmt.Sprintf("%s of %s came as quickly as other responses, or within %s", phrase.Number(int64(g.Quick)), phrase.Number(int64(g.Lost)), phrase.Duration(analysis.Near))
	if g.Quick == g.Lost {
		return text + ", so nothing was waited for"
	}
	return fmt.Sprintf("%s; the others came late, at %s of %s times", text, phrase.Number(int64(g.Late)), phrase.Number(int64(g.Moments)))
}

// idleTimeouts names the two timeouts that must fit, in each product.
var idleTimeouts = []Remedy{
	{"any", "set the upstream's idle timeout (keep-alive timeout) above the gateway's, so that only the gateway closes idle connections"},
	{"upstream", "its idle timeout, for instance server.keepAliveTimeout and, above it, server.headersTimeout in Node.js; --keep-alive of gunicorn; keepAliveTimeout of Tomcat"},
	{errorpage.Nginx, "keepalive_timeout in the upstream block (60s by default): below the upstream's idle timeout"},
	{errorpage.Envoy, "common_http_protocol_options.idle_timeout of the cluster (1h by default): below the upstream's idle timeout; Istio: connectionPool.http.idleTimeout of the DestinationRule"},
	{errorpage.HAProxy, "pool-purge-delay on the server lines: below the upstream's idle timeout"},
	{errorpage.Caddy, "keepalive in transport http of reverse_proxy (2m by default): below the upstream's idle timeout"},
	{errorpage.Traefik, "forwardingTimeouts.idleConnTimeout of the serversTransport (90s by default): below the upstream's idle timeout"},
	{errorpage.Apache, "ttl on the ProxyPass or BalancerMember line: below the upstream's idle timeout"},
	{errorpage.ALB, "idle_timeout.timeout_seconds (60 by default): below the upstream's idle timeout"},
}
