package diagnosis

import (
	"fmt"

	"nodrop/report/analysis"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// staleUpstream: from the event to the end of the load, a gateway reached no
// upstream for some or all requests. It may use the address of one that is
// gone.
type staleUpstream struct{ ofShape }

// From nearlyAll on, all requests count as failed. One upstream of many that is
// gone fails a smaller share, but not less than fewOfAll: that may be anything.
const (
	nearlyAll = 0.98
	fewOfAll  = 0.05
)

func (staleUpstream) explain(s *observed.Observation, e *observed.Evidence) Finding {
	g := s.Errors.Groups(e.Lost)[0]
	like := responsesLike(s, e)
	share := phrase.Percentage(g.Share)
	f := Finding{
		Title:      fmt.Sprintf("the gateway kept sending requests to an upstream that is gone: %s of the responses had status %s, to the end of the load", share, statuses(e)),
		Confidence: Likely,
		Measured:   e.Span(),
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e)},
		Remedies:   settingsFor(s, like, lookUpAgain),
	}
	if begin, known := s.Errors.Event(); known && e.First >= begin {
		f.Evidence = append(f.Evidence, fmt.Sprintf("they began %s after the event did, and came until the load ended", phrase.Duration(e.First-begin)))
	}
	back := g.Back != analysis.Unknown
	if back {
		f.Evidence = append(f.Evidence, fmt.Sprintf("a server was ready again at %s, and the errors went on", phrase.Moment(g.Back)))
	}
	f.Evidence = append(f.Evidence, errorpage.Quotes(like, observed.MaxTexts, int64(len(e.Lost)))...)
	named := g.Said.Known && g.Said.Reason&errorshape.NotReached != 0
	quick := g.Quick*10 >= 9*g.Lost && !s.Loss.Slower.Notable()
	if g.Said.Reason&errorshape.Closed != 0 {
		f.Evidence = append(f.Evidence, "the gateway's log says which it was: an upstream that it could not connect to, or one that is there and closes connections because it is broken")
	}
	if named && g.Begun && (g.Share > fewOfAll && g.Share < nearlyAll && quick || back) {
		return f
	}
	f.Confidence = CannotTell
	if !g.Begun {
		f.Evidence = append(f.Evidence, "they may have nothing to do with the event: they came long after it, or so rarely that none before it may be chance")
	}
	f.Title = fmt.Sprintf("from the event to the end of the load, %s of the responses had status %s", share, statuses(e))
	f.Evidence = append(f.Evidence, "cannot tell whether the gateway uses an old address of its upstream, or whether upstreams have not come back, are broken, or are too slow: compare the address in the gateway's log with those of the servers")
	return f
}

// lookUpAgain has the settings with which a gateway follows the addresses of its
// upstreams.
var lookUpAgain = []Remedy{
	{"any", "let the gateway look up its upstream's name again while it runs, and check the health of what it finds: it must not keep an address from before the event"},
	{errorpage.Nginx, "resolver ADDRESS valid=5s, and the upstream's name in a variable in proxy_pass, or, from 1.27.3, zone and server NAME resolve in the upstream block: other names are looked up only at start and reload"},
	{errorpage.HAProxy, "a resolvers section, and resolvers and check on the server lines: other names are looked up only at start"},
	{errorpage.Envoy, "a cluster of type STRICT_DNS with dns_refresh_rate (or respect_dns_ttl), or EDS; and health checks or outlier_detection"},
	{errorpage.Caddy, "dynamic a with refresh in reverse_proxy, and health checks"},
	{errorpage.ALB, "targets of type ip or instance that are registered and deregistered with each server, and health checks"},
	{"JVM", "the security property networkaddress.cache.ttl: a few seconds"},
}
