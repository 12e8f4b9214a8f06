package report

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"net"
	"slices"
	"strings"

	"nodrop/loadgen/record"
)

// Finding is why requests were lost, or why the figures prove little: what was
// seen, how sure it is, and what to do.
type Finding struct {
	Rule       string // its name in the table
	Title      string // in plain words
	Lost       int64  // requests that it explains; 0 for one about the run
	Confidence Confidence
	Measured   int64 // ns; the length of time that Title tells; 0 without one
	Needed     int64 // ns; what the remedy's number must exceed; 0 when that is not known
	Evidence   []string
	Remedies   []Remedy
	own        string // where those of the gateway belong that the run met; "" is not known
}

// Confidence says how well the evidence carries a finding.
type Confidence string

// The grades. Shown: marks and losses tell the same. Likely: the losses alone
// point to it. CannotTell: two causes fit, or a mark is missing.
const (
	Shown      Confidence = "shown"
	Likely     Confidence = "likely"
	CannotTell Confidence = "cannot tell"
)

// near is how far a loss may be from the mark of what caused it: it is seen at
// once, but the mark may come from elsewhere.
const near = 50_000_000 // ns

// readTogether is how far apart a client may read what came at once, in ns.
const readTogether = 10_000_000

// scene is a run with what the rules look things up in.
type scene struct {
	run     *record.Run
	loss    *Loss
	lives   []life
	crashes []crash
	own     map[string]*history // of these, by endpoint
	// shared: requests went to an address behind which the endpoints are that marks
	// tell of, so that none of these can be told from the others.
	shared bool

	answers  *record.Latency // of all that were answered
	seen     map[string]record.EndpointSeen
	before   int64                 // ns; what was lost until then is no doing of what marks tell
	failures map[string][]Window   // see failuresOf
	late     map[lateKey]*lateness // see heardLate
	ends     []int64               // when terminations began, in order
	made     []Finding             // of the losses
}

// rule claims losses, each of which goes to the first that wants it, and tells
// what they have in common.
type rule struct {
	name   string
	claims func(*scene, *record.LostRequest) bool
	tell   func(*scene, *evidence) Finding
}

// rules, in the order in which they are asked. The last one takes what is left,
// so that findings and losses add up.
var rules = []rule{
	{"baseline-not-healthy", claimsBaseline, tellBaseline},
	{"crashed", claimsCrashed, tellCrashed},
	{"listener-closed-before-removal", claimsOverlap, tellOverlap},
	{"pre-stop-missing", claimsPreStopMissing, tellPreStopMissing},
	{"balancer-heard-late", claimsHeardLate, tellHeardLate},
	{"connections-refused", claimsRefused, tellRefused},
	{"packets-dropped", claimsDropped, tellDropped},
	{"firewall-refused", claimsFirewall, tellFirewall},
	{"accept-queue-reset", claimsAcceptQueue, tellAcceptQueue},
	{"grace-too-short", claimsGraceOver, tellGraceOver},
	{"killed-in-flight", claimsKilled, tellKilled},
	{"kept-alive-closed-without-notice", claimsKeptAlive, tellKeptAlive},
	{"cut-in-flight", claimsCut, tellCut},
	{"tls-cut", claimsTLSCut, tellTLSCut},
	{"tls-refused", inStage(record.StageTLS), tellTLSRefused},
	{"error-answered", inStage(record.StageStatus), tellStatus},
	{"name-lost", inStage(record.StageDNS), tellName},
	{"proxy-failed", inStage(record.StageProxy), tellProxy},
	{"hung", claimsHung, tellHung},
	{"malformed-answer", claimsMalformed, tellMalformed},
	{"body-over-limit", claimsOverLimit, tellOverLimit},
	{"unexplained", func(*scene, *record.LostRequest) bool { return true }, tellUnexplained},
}

// runRules are about the run as a whole.
var runRules = []struct {
	name string
	tell func(*scene) (Finding, bool)
}{
	{"details-incomplete", tellUntold},
	{"client-exhausted", tellClient},
	{"killed-at-the-end-of-grace", tellKilledUnmet},
	{"load-ended-early", tellEndedEarly},
	{"event-not-seen", tellNoEvent},
	{"too-little-exposure", tellExposure},
}

// diagnose finds what the losses have in common, the most frequent first, then
// what stands against the figures.
func diagnose(run *record.Run, loss *Loss) []Finding {
	s := newScene(run, loss)
	groups := make([][]*record.LostRequest, len(rules))
	for i := range run.Lost {
		l := &run.Lost[i]
		at := slices.IndexFunc(rules, func(r rule) bool { return r.claims(s, l) })
		groups[at] = append(groups[at], l)
	}
	for i, group := range groups {
		if len(group) == 0 {
			continue
		}
		f := rules[i].tell(s, newEvidence(group))
		f.Rule, f.Lost = rules[i].name, int64(len(group))
		s.made = append(s.made, f)
	}
	slices.SortStableFunc(s.made, func(a, b Finding) int { return cmp.Compare(b.Lost, a.Lost) })
	for i := range s.made {
		s.made[i].forGateway(run.Gateway)
	}
	findings := s.made
	for _, r := range runRules {
		if f, ok := r.tell(s); ok {
			f.Rule = r.name
			findings = append(findings, f)
		}
	}
	return findings
}

func newScene(run *record.Run, loss *Loss) *scene {
	s := &scene{
		run: run, loss: loss, lives: loss.Lifecycles, crashes: loss.Crashes, answers: answered(run),
		seen: map[string]record.EndpointSeen{}, late: map[lateKey]*lateness{},
	}
	s.own = histories(s.lives, s.crashes)
	s.shared = run.Settings.EndpointHeader != "" || !slices.ContainsFunc(run.Endpoints, func(e record.EndpointSeen) bool { return s.historyOf(e.Name) != nil })
	for _, e := range run.Endpoints {
		s.seen[e.Name] = e
	}
	s.before, s.failures = s.untouched(), s.failedConnects()
	for i := range s.lives {
		s.ends = append(s.ends, s.lives[i].terminating)
	}
	slices.Sort(s.ends)
	return s
}

// evidence is what the losses of one finding have in common.
type evidence struct {
	lost        []*record.LostRequest
	first, last int64 // ns; when the first and the last met their cause
	longest     int64 // ns; from a request's start to its failure
	reused      int64
	redirected  int64    // of lost: a redirect had been followed
	endpoints   []string // in natural order
	classes     []record.BinLoss
}

func newEvidence(lost []*record.LostRequest) *evidence {
	e := &evidence{lost: lost}
	w := Window{}
	endpoints := map[string]bool{}
	for i, l := range lost {
		from, until := struck(l, near)
		if i == 0 {
			e.first, e.last = from, until
		}
		e.first, e.last = min(e.first, from), max(e.last, until)
		e.longest = max(e.longest, l.End-l.Start)
		if l.Redirected {
			e.redirected++
		}
		if l.Reused {
			e.reused++
		}
		if l.Endpoint != "" {
			endpoints[l.Endpoint] = true
		}
		w.addClass(l.Class, 1)
	}
	e.endpoints = slices.SortedFunc(maps.Keys(endpoints), compareNatural)
	e.classes = w.Classes
	slices.SortStableFunc(e.classes, func(a, b record.BinLoss) int { return cmp.Compare(b.Count, a.Count) })
	return e
}

// span is from the first to the last.
func (e *evidence) span() int64 { return e.last - e.first }

// what counts the losses: "244 × connect.refused, on new connections; the
// server never saw them".
func (e *evidence) what() string {
	var parts []string
	for _, c := range e.classes {
		parts = append(parts, fmt.Sprintf("%d × %s", c.Count, c.Class))
	}
	text := strings.Join(parts, ", ")
	switch n := int64(len(e.lost)); {
	case !slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return beyondConnect(l.Class) }):
	case e.reused == 0:
		text += ", on new connections"
	case e.reused == n:
		text += ", on connections that had carried requests before"
	default:
		text += fmt.Sprintf(", %d on new connections, %d on ones that had carried requests before", n-e.reused, e.reused)
	}
	never := !slices.ContainsFunc(e.lost, func(l *record.LostRequest) bool { return !l.Class.Info().SafeToRetry() })
	switch n := int64(len(e.lost)); {
	case never && e.redirected == n:
		return text + "; a host had responded with a redirect before, the one after it saw nothing"
	case never && e.redirected > 0:
		return text + fmt.Sprintf("; %d of them came after a redirect, which a host had responded with; the host that failed saw nothing", e.redirected)
	case never:
		return text + "; the server never saw a request"
	}
	return text + "; the server may have acted on them"
}

// when places the losses in the run.
func (e *evidence) when() string {
	if e.span() == 0 {
		return "at " + moment(e.first)
	}
	return fmt.Sprintf("from %s to %s", moment(e.first), moment(e.last))
}

// where names the endpoints out of those that there were.
func (s *scene) where(e *evidence) string {
	total := endpointCount(s.run)
	switch n := len(e.endpoints); {
	case n == 0:
		return "no endpoint reached"
	case total == 1, n == 1 && len(s.run.Endpoints) == 1: // there may be many behind the one address
		return s.called(e.endpoints[0])
	case n == 1:
		return fmt.Sprintf("%s, 1 of %d endpoints", s.called(e.endpoints[0]), total)
	default:
		return fmt.Sprintf("%s, %d of %d endpoints", names(e.endpoints), n, total)
	}
}

// historyOf is that of what a request was sent to: of the endpoint of that name, or
// the one with its address. It is nil where marks tell nothing of it.
func (s *scene) historyOf(endpoint string) *history {
	if own := s.own[endpoint]; own != nil {
		return own
	}
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		return nil
	}
	return s.own[host]
}

// named reports that marks name the endpoint of a loss.
func (s *scene) named(l *record.LostRequest) bool { return s.historyOf(l.Endpoint) != nil }

// lifeOf is the life that the loss's endpoint was in; nil where none is known.
func (s *scene) lifeOf(l *record.LostRequest) *life {
	if own := s.historyOf(l.Endpoint); own != nil {
		return own.lifeAt(l.End)
	}
	return nil
}

// suspects are the lives that the endpoint of a loss may have been in: its own or,
// where the replicas share an address, each.
func (s *scene) suspects(l *record.LostRequest) iter.Seq[*life] {
	return func(yield func(*life) bool) {
		if s.named(l) {
			if own := s.lifeOf(l); own != nil {
				yield(own)
			}
			return
		}
		for i := range s.lives {
			if !s.shared || !yield(&s.lives[i]) {
				return
			}
		}
	}
}

// called is an endpoint with the name that marks have for it.
func (s *scene) called(endpoint string) string {
	if own := s.historyOf(endpoint); own != nil && own.name != endpoint {
		return endpoint + " (" + own.name + ")"
	}
	return endpoint
}

// probeGap is how far apart requests to one of k endpoints are on average, in
// ns: how sharply the edges of an outage of k endpoints can be seen.
func (s *scene) probeGap(k int) int64 {
	if s.run.Counts.Started == 0 {
		return 0
	}
	perRequest := float64(s.run.Duration) / float64(s.run.Counts.Started)
	return int64(perRequest * float64(max(1, endpointCount(s.run))) / float64(max(1, k)))
}

func inStage(stage record.Stage) func(*scene, *record.LostRequest) bool {
	return func(_ *scene, l *record.LostRequest) bool { return l.Class.Stage() == stage }
}

// beyondConnect reports that the request was lost on a connection that stood.
func beyondConnect(c record.Class) bool {
	switch c.Stage() {
	case record.StageSend, record.StageWait, record.StageHead, record.StageBody:
		return true
	case record.StageNone, record.StageDNS, record.StageConnect, record.StageProxy, record.StageTLS, record.StageStatus, record.StageClient:
	}
	return false
}

// isCut reports that the peer, or what is between, ended the connection.
func isCut(c record.Class) bool {
	cause := c.Cause()
	return beyondConnect(c) && (cause == record.CauseEOF || cause == record.CauseReset)
}

// unanswered reports that not one byte of an answer had come.
func unanswered(c record.Class) bool {
	return c.Stage() == record.StageSend || c.Stage() == record.StageWait
}

// within reports that at is between from and to, give or take near; neither
// may be unknown.
func within(at, from, to int64) bool {
	return from != unknown && to != unknown && at >= from-near && at <= to+near
}
