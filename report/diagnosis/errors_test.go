package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// Error pages as gateways send them.
var (
	nginxPage   = record.ErrorResponse{Status: 502, Server: "nginx/1.22.1", Body: "<html>\r\n<head><title>502 Bad Gateway</title></head>", Count: 1}
	haproxyPage = record.ErrorResponse{Status: 503, Body: "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n", Count: 1}
	envoyNone   = record.ErrorResponse{Status: 503, Server: "envoy", Body: "no healthy upstream", Count: 1}
	envoyClosed = record.ErrorResponse{Status: 503, Server: "envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: connection termination", Count: 1}
	envoyFailed = record.ErrorResponse{Status: 503, Server: "envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: remote connection failure", Count: 1}
	ownPage     = record.ErrorResponse{Status: 503, Body: `{"code":"FST_ERR_SHUTTING_DOWN"}`, Count: 1}
)

// errorCase is a run with error responses, and the finding that it must have.
type errorCase struct {
	name      string
	requests  []reporttest.Request
	marks     []record.Mark
	responses []record.ErrorResponse
	method    string // "" = GET

	rule       string
	code       Code
	lost       int64
	confidence Confidence
	says       []string // of the finding
	never      []string
}

func checkErrorCases(t *testing.T, cases []errorCase) {
	t.Helper()
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			run := reporttest.NewRun(t, tt.requests, reporttest.Edited(func(run *record.Run) {
				run.Marks, run.Responses = slices.Clone(tt.marks), tt.responses
				if tt.method != "" {
					run.Settings.Method = tt.method
				}
			}))
			findings := found(run)
			i := slices.IndexFunc(findings, func(f Finding) bool { return f.Rule == tt.rule })
			if i < 0 {
				t.Fatalf("no finding of %s in %+v", tt.rule, findings)
			}
			f := findings[i]
			if f.Code != tt.code || f.Lost != tt.lost || f.Confidence != tt.confidence {
				t.Errorf("got %s, %d lost, %s; want %s, %d, %s\n%s", f.Code, f.Lost, f.Confidence, tt.code, tt.lost, tt.confidence, f.text())
			}
			for _, part := range tt.says {
				if !strings.Contains(f.text(), part) {
					t.Errorf("no %q in\n%s", part, f.text())
				}
			}
			for _, part := range tt.never {
				if strings.Contains(f.text(), part) {
					t.Errorf("%q in\n%s", part, f.text())
				}
			}
		})
	}
}

func step(from, to int64) record.Mark {
	return record.Mark{Kind: record.MarkStep, Name: "roll", Start: from, End: to}
}

func markAt(kind record.MarkKind, at int64, endpoint string) record.Mark {
	return record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint, Start: at, End: at}
}

// leftIt are words that only an event justifies.
var leftIt = []string{"pre-stop", "went away", "drain", "upstream left"}

// TestErrorsNowAndThen: a gateway's 502 come one at a time, all the time.
func TestErrorsNowAndThen(t *testing.T) {
	spread := func(class string) []reporttest.Request {
		return slices.Concat(reporttest.Steady(4000, 0, ms, "gw-1", "gw-2"),
			failing(100*ms, 3900*ms, 400*ms, 2*ms, class, "gw-1"), failing(300*ms, 3900*ms, 400*ms, 2*ms, class, "gw-2"))
	}
	slow := spread("status.502")
	for i := range slow {
		if slow[i].Fate == record.FateLost {
			slow[i].End += 100 * ms
		}
	}
	busy := spread("status.502")
	for i := range busy {
		if busy[i].Fate == record.FateLost {
			busy[i].End += 40 * ms
		}
	}
	held := spread("status.502")
	for i := range held {
		if q := &held[i]; q.Fate == record.FateLost && q.Start >= 1700*ms && q.Start <= 2000*ms {
			q.End = 2100 * ms
		}
	}
	onOne := append(reporttest.Steady(4000, 0, ms, "gw-1", "gw-2"), failing(100*ms, 3900*ms, 200*ms, 2*ms, "status.502", "gw-1")...)
	late := slices.DeleteFunc(spread("status.502"), func(q reporttest.Request) bool { return q.Fate == record.FateLost && q.Start < 2000*ms })
	page := []record.ErrorResponse{nginxPage}
	checkErrorCases(t, []errorCase{
		{
			name: "not sent again", requests: spread("status.502"), responses: page, method: "POST",
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: Likely,
			says:  []string{"idle timeout", "keep-alive timeout", "nginx: keepalive_timeout", "server.keepAliveTimeout"},
			never: append([]string{"Envoy", "HAProxy", "Caddy"}, leftIt...),
		},
		{
			name: "the gateway would have sent them again", requests: spread("status.502"), responses: page,
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: CannotTell,
			says: []string{"crashes or closes connections now and then", "GET"}, never: leftIt,
		},
		{
			name: "a gateway that sends nothing again", requests: spread("status.503"), responses: []record.ErrorResponse{envoyClosed},
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: Likely,
			says: []string{"common_http_protocol_options.idle_timeout"}, never: append([]string{"nginx"}, leftIt...),
		},
		{
			name: "which gateway is not known", requests: spread("status.502"), method: "POST",
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: CannotTell,
			says: []string{"nginx: ", "Envoy: ", "HAProxy: ", "Caddy: "}, never: leftIt,
		},
		{
			name: "around an event that did not cause them", requests: spread("status.502"), responses: page, method: "POST", marks: []record.Mark{step(2000*ms, 2100*ms)},
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: Likely,
			says: []string{"before the event", "0.50 % of responses were 502 before the event and 0.50 % after", "keep-alive timeout"}, never: append([]string{"no less often"}, leftIt...),
		},
		{
			name: "only after an event", requests: late, responses: page, method: "POST", marks: []record.Mark{step(1990*ms, 2050*ms)},
			rule: "stale-upstream", code: StaleUpstream, lost: 10, confidence: CannotTell,
		},
		{
			name: "after a wait", requests: slow, responses: page, method: "POST",
			rule: "error-answered", code: GatewayError, lost: 20, confidence: Likely, never: leftIt,
		},
		{
			name: "from an upstream that was too busy to see the requests", requests: busy, responses: page, method: "POST",
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: Likely, says: []string{"nothing was waited for"}, never: leftIt,
		},
		{
			name: "all was held up once", requests: held, responses: page, method: "POST",
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: Likely,
			says: []string{"18 of 20 came as quickly", "the others came late, at 1 of 18 times"}, never: append([]string{"nothing was waited for"}, leftIt...),
		},
		{
			name: "not a gateway's page", requests: spread("status.502"), responses: []record.ErrorResponse{{Status: 502, Server: "nginx", Body: `{"error":"gone"}`, Count: 20}}, method: "POST",
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 20, confidence: CannotTell, says: []string{"perhaps the application sent them"}, never: leftIt,
		},
		{
			name: "from one endpoint alone", requests: onOne, responses: page, method: "POST",
			rule: "error-answered", code: GatewayError, lost: 20, confidence: Likely, never: leftIt,
		},
		{
			name: "a status that only the application sends", requests: spread("status.500"), method: "POST",
			rule: "error-answered", code: GatewayError, lost: 20, confidence: CannotTell, never: leftIt,
		},
	})
}

// TestNothingLeft: for a second, the gateway answers every request with an
// error.
func TestNothingLeft(t *testing.T) {
	outage := failing(1000*ms, 3000*ms, 2*ms, ms, "status.503", "lb")
	before, after := reporttest.Steady(1000, 0, ms, "lb"), reporttest.Steady(2000, 3010*ms, ms, "lb")
	over, forGood := slices.Concat(before, outage, after), slices.Concat(before, outage)
	event := []record.Mark{step(990*ms, 4000*ms)}
	haproxy := []record.ErrorResponse{haproxyPage}
	checkErrorCases(t, []errorCase{
		{
			name: "in an event", requests: over, marks: event, responses: haproxy,
			rule: "no-upstream-left", code: NoUpstreamLeft, lost: 1001, confidence: Likely,
			says:  []string{"no server left for 2.000 s", "at least one ready", "maxUnavailable"},
			never: []string{"pre-stop", "preStop", "resolver", "nginx"},
		},
		{
			name: "with the marks of the servers", requests: over, responses: haproxy,
			marks: append(slices.Clone(event), markAt(record.MarkExited, 995*ms, "a"), markAt(record.MarkExited, 996*ms, "b"), markAt(record.MarkReady, 3000*ms, "a")),
			rule:  "no-upstream-left", code: NoUpstreamLeft, lost: 1001, confidence: Likely,
		},
		{
			name: "without an event", requests: over, responses: haproxy,
			rule: "no-upstream-left", code: NoUpstreamLeft, lost: 1001, confidence: CannotTell,
			says: []string{"no mark shows what was done", "perhaps the gateway had no server left"}, never: []string{"after the event", "pre-stop"},
		},
		{
			name: "a gateway that could not connect, or was cut off", requests: statusOf(over, 502), marks: event, responses: []record.ErrorResponse{nginxPage},
			rule: "no-upstream-left", code: NoUpstreamLeft, lost: 1001, confidence: Likely,
		},
		{
			name: "the same for a moment", requests: statusOf(slices.Concat(before, failing(1000*ms, 1100*ms, 2*ms, ms, "status.503", "lb"), reporttest.Steady(2000, 1110*ms, ms, "lb")), 502),
			marks: event, responses: []record.ErrorResponse{nginxPage},
			rule: "no-upstream-left", code: NoUpstreamLeft, lost: 51, confidence: CannotTell,
		},
		{
			name: "connections that the upstream closed", requests: over, marks: event, responses: []record.ErrorResponse{envoyClosed},
			rule: "no-upstream-left", code: NoUpstreamLeft, lost: 1001, confidence: CannotTell, says: []string{"failed or were too slow"},
		},
		{
			name: "from an unknown sender", requests: over, marks: event, responses: []record.ErrorResponse{ownPage},
			rule: "error-answered", code: GatewayError, lost: 1001, confidence: CannotTell, never: []string{"no server left"},
		},
		{
			name: "to the end of the load", requests: forGood, marks: event, responses: haproxy,
			rule: "stale-upstream", code: StaleUpstream, lost: 1001, confidence: CannotTell,
			says: []string{"have not come back", "resolvers"}, never: []string{"pre-stop"},
		},
		{
			name: "to the end of the load, though a server is back", requests: forGood, responses: haproxy,
			marks: append(slices.Clone(event), markAt(record.MarkExited, 995*ms, "a"), markAt(record.MarkReady, 1500*ms, "a")),
			rule:  "stale-upstream", code: StaleUpstream, lost: 1001, confidence: Likely,
			says: []string{"ready again at 1.500 s"},
		},
		{
			name: "to the end of the load, and the gateway says that it has none", requests: forGood, marks: event, responses: []record.ErrorResponse{envoyNone},
			rule: "no-upstream-left", code: NoUpstreamLeft, lost: 1001, confidence: Likely,
			says: []string{"until the load ended"},
		},
		{
			name: "crashed", requests: over, responses: haproxy, marks: []record.Mark{markAt(record.MarkCrashed, 995*ms, "a"), markAt(record.MarkReady, 3005*ms, "a")},
			rule: "error-answered", code: GatewayError, lost: 1001, confidence: Likely, says: []string{"fix the crash first"},
		},
	})
}

// statusOf gives the losses of a list another status.
func statusOf(list []reporttest.Request, status int) []reporttest.Request {
	list = slices.Clone(list)
	for i := range list {
		if q := &list[i]; q.Fate == record.FateLost {
			q.Status, q.Class = status, fmt.Sprint("status.", status)
		}
	}
	return list
}

// TestErrorsInTicks: with -q, all workers send at the same moments, so errors
// come in ticks, with nothing between these.
func TestErrorsInTicks(t *testing.T) {
	ticks := func(failing func(tick, worker int64) bool) *record.Run {
		var list []reporttest.Request
		for tick := range int64(15) {
			for worker := range int64(40) {
				at, endpoint := tick*1000*ms+worker*50*us, fmt.Sprint("10.0.0.1:", 8000+worker)
				q := reporttest.Request{Start: at, End: at + 2*ms, Endpoint: endpoint, Status: 200, Bytes: 10, Reused: tick > 0}
				if failing(tick, worker) {
					q = reporttest.Lost(at, at+ms, "status.502", endpoint, "")
					q.Status, q.Reused = 502, true
				}
				list = append(list, q)
			}
		}
		return reporttest.NewRun(t, list, reporttest.Edited(func(run *record.Run) {
			run.Responses, run.Settings.Method, run.Settings.Rate, run.Settings.Workers = []record.ErrorResponse{nginxPage}, "POST", 1, 40
		}))
	}
	for name, tt := range map[string]struct {
		failing    func(tick, worker int64) bool
		confidence Confidence
	}{
		"some of each second tick":  {func(tick, worker int64) bool { return tick%2 == 1 && worker < 25 }, Likely},
		"some of each third tick":   {func(tick, worker int64) bool { return tick%3 == 1 && worker%3 > 0 }, Likely},
		"all of each third tick":    {func(tick, _ int64) bool { return tick%3 == 1 }, Likely},
		"all of each fifth tick":    {func(tick, _ int64) bool { return tick%5 == 1 }, CannotTell},
		"one worker after another":  {func(tick, worker int64) bool { return tick > 0 && worker == 2*tick }, Likely},
		"two at the same few times": {func(tick, worker int64) bool { return tick%4 == 1 && worker < 2 }, CannotTell},
	} {
		findings := found(ticks(tt.failing))
		if len(findings) != 1 || findings[0].Code != UpstreamIdleTimeout || findings[0].Confidence != tt.confidence {
			t.Errorf("%s: got %+v; want %s", name, findings, tt.confidence)
		}
	}
}

// TestSettingsOfGateways: advice is for the gateways that the responses or the
// run name; if there is none, for all of them.
func TestSettingsOfGateways(t *testing.T) {
	requests := append(reporttest.Steady(4000, 0, ms, "gw-1"), statusOf(failing(100*ms, 3900*ms, 400*ms, 2*ms, "status.503", "gw-1"), 502)...)
	for name, tt := range map[string]struct {
		edit  func(*record.Run)
		want  []string
		never []string
	}{
		"named": {func(run *record.Run) { run.Products = []string{"Caddy"} }, []string{"Caddy"}, []string{"nginx", "Envoy"}},
		"named, and others respond": {func(run *record.Run) {
			run.Products, run.Responses = []string{"HAProxy"}, []record.ErrorResponse{nginxPage}
		}, []string{"HAProxy", "nginx"}, []string{"Envoy"}},
		"they say it":                   {func(run *record.Run) { run.Responses = []record.ErrorResponse{nginxPage} }, []string{"nginx"}, []string{"HAProxy"}},
		"a load balancer":               {func(run *record.Run) { run.Responses = []record.ErrorResponse{{Status: 502, Server: "awselb/2.0"}} }, []string{"AWS load balancer"}, []string{"nginx"}},
		"only a platform":               {func(run *record.Run) { run.Products = []string{"Kubernetes"} }, nil, []string{"nginx", "Caddy"}},
		"a gateway without such advice": {func(run *record.Run) { run.Products = []string{"Google Cloud"} }, nil, []string{"nginx", "Caddy"}},
	} {
		run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) { run.Settings.Method = "POST" }), reporttest.Edited(tt.edit))
		findings := ForTarget(run, found(run))
		i := slices.IndexFunc(findings, func(f Finding) bool { return f.Code == UpstreamIdleTimeout })
		if i < 0 {
			t.Errorf("%s: got %+v", name, findings)
			continue
		}
		has := func(where string) bool {
			return slices.ContainsFunc(findings[i].Remedies, func(r Remedy) bool { return r.Where == where })
		}
		for _, where := range append(tt.want, "any", "upstream") {
			if !has(where) {
				t.Errorf("%s: no advice for %s in %v", name, where, findings[i].Remedies)
			}
		}
		if i := slices.IndexFunc(tt.never, has); i >= 0 {
			t.Errorf("%s: advice for %s", name, tt.never[i])
		}
	}
}

// TestErrorsToTheEnd: from an event on, one request in five fails.
func TestErrorsToTheEnd(t *testing.T) {
	steady := reporttest.Steady(4000, 0, ms, "lb")
	forGood := append(slices.Clone(steady), failing(1000*ms, 4000*ms, 4*ms, ms, "status.502", "lb")...)
	ended := append(slices.Clone(steady), failing(1000*ms, 2500*ms, 4*ms, ms, "status.502", "lb")...)
	late := append(slices.Clone(steady), failing(2600*ms, 4000*ms, 4*ms, ms, "status.502", "lb")...)
	rare := append(reporttest.Steady(80, 0, 50*ms, "lb"), failing(1010*ms, 4000*ms, 330*ms, ms, "status.502", "lb")...)
	event, page := []record.Mark{step(950*ms, 1100*ms)}, []record.ErrorResponse{nginxPage}
	checkErrorCases(t, []errorCase{
		{
			name: "one upstream is gone", requests: forGood, marks: event, responses: page,
			rule: "stale-upstream", code: StaleUpstream, lost: 751, confidence: Likely,
			says: []string{"20 %", "nginx: resolver", "came until the load ended"}, never: []string{"Envoy", "JVM", "pre-stop", "as frequent"},
		},
		{
			name: "long after the event", requests: late, marks: event, responses: page,
			rule: "stale-upstream", code: StaleUpstream, lost: 351, confidence: CannotTell, says: []string{"may have nothing to do with the event"}, never: []string{"kept sending requests to an upstream that is gone"},
		},
		{
			name: "so rare that none before the event is chance", requests: rare, marks: event, responses: page,
			rule: "stale-upstream", code: StaleUpstream, lost: 10, confidence: CannotTell, says: []string{"may have nothing to do with the event"}, never: []string{"kept sending requests to an upstream that is gone"},
		},
		{
			name: "without an event", requests: forGood, responses: page,
			rule: "upstream-idle-timeout", code: UpstreamIdleTimeout, lost: 751, confidence: CannotTell, never: leftIt,
		},
		{
			name: "which gateway is not known", requests: forGood, marks: event,
			rule: "stale-upstream", code: StaleUpstream, lost: 751, confidence: CannotTell,
		},
		{
			name: "and then it ends", requests: ended, marks: event, responses: page,
			rule: "error-answered", code: GatewayError, lost: 376, confidence: Likely, says: []string{"its upstream went away"},
		},
	})
}

// TestServedTooEarly: one of two endpoints restarts, and answers 404 for a
// while.
func TestServedTooEarly(t *testing.T) {
	other := reporttest.Steady(4000, 0, ms, "gw-1")
	until := reporttest.Steady(1000, 0, ms, "gw-2")
	refused := failing(1010*ms, 1100*ms, 5*ms, 100*us, "connect.refused", "gw-2")
	errors := failing(1105*ms, 1700*ms, ms, ms, "status.404", "gw-2")
	unready := failing(1105*ms, 1700*ms, ms, ms, "status.503", "gw-2")
	then := reporttest.Steady(2200, 1710*ms, ms, "gw-2")
	event := []record.Mark{step(1000*ms, 1750*ms)}
	checkErrorCases(t, []errorCase{
		{
			name: "after refusals", requests: slices.Concat(other, until, refused, errors, then), marks: event,
			rule: "served-too-early", code: ReadyTooEarly, lost: 596, confidence: Likely,
			says: []string{"gw-2 got requests before it had its configuration", "only once they have their configuration", "routes", "refused connections until"},
		},
		{
			name: "after refusals, and no event is known", requests: slices.Concat(other, until, refused, errors, then),
			rule: "served-too-early", code: ReadyTooEarly, lost: 596, confidence: Likely,
		},
		{
			name: "after a mark", requests: slices.Concat(other, until, refused, errors, then), marks: append(slices.Clone(event), markAt(record.MarkReady, 1101*ms, "gw-2")),
			rule: "served-too-early", code: ReadyTooEarly, lost: 596, confidence: Shown, says: []string{"gw-2 was ready at 1.101 s"},
		},
		{
			name: "a 503 after refusals", requests: slices.Concat(other, until, refused, unready, then), marks: event,
			rule: "served-too-early", code: ReadyTooEarly, lost: 596, confidence: Likely, says: []string{"before it could serve"}, never: []string{"routes", "drain"},
		},
		{
			name: "without refusals", requests: slices.Concat(other, until, errors, then), marks: event,
			rule: "served-too-early", code: ReadyTooEarly, lost: 596, confidence: Likely, says: []string{"only gw-2 responded with 404"},
		},
		{
			name: "without refusals, marks and an event", requests: slices.Concat(other, until, errors, then),
			rule: "error-answered", code: GatewayError, lost: 596, confidence: CannotTell, never: []string{"configuration"},
		},
		{
			name: "a 503 without refusals and marks", requests: slices.Concat(other, until, unready, then), marks: event,
			rule: "error-answered", code: GatewayError, lost: 596, confidence: CannotTell, never: leftIt,
		},
		{
			name: "a new endpoint", requests: slices.Concat(other, unready, then), marks: event,
			rule: "served-too-early", code: ReadyTooEarly, lost: 596, confidence: Likely, says: []string{"the first connection to gw-2"},
		},
		{
			name: "one error of a new endpoint", requests: slices.Concat(other, failing(2000*ms, 2000*ms, ms, ms, "status.503", "gw-2"), then),
			marks: append(slices.Clone(event), markAt(record.MarkReady, 1999*ms, "gw-2")),
			rule:  "served-too-early", code: ReadyTooEarly, lost: 1, confidence: CannotTell, says: []string{"more than a coincidence"}, never: []string{"could not serve yet", "got requests before"},
		},
		{
			name: "two errors, and others elsewhere", requests: slices.Concat(other, failing(2000*ms, 2001*ms, ms, ms, "status.503", "gw-2"), reporttest.Steady(2200, 1990*ms, ms, "gw-2")),
			marks: append(slices.Clone(event), markAt(record.MarkReady, 1980*ms, "gw-2")),
			rule:  "served-too-early", code: ReadyTooEarly, lost: 2, confidence: CannotTell,
		},
		{
			name: "a limit, right after a new endpoint came", requests: slices.Concat(other, statusOf(failing(2000*ms, 2100*ms, 5*ms, ms, "status.503", "gw-2"), 429), then),
			marks: append(slices.Clone(event), markAt(record.MarkReady, 1999*ms, "gw-2")),
			rule:  "error-answered", code: GatewayError, lost: 21, confidence: CannotTell, never: []string{"could not serve yet"},
		},
		{
			name: "it never served", requests: slices.Concat(other, until, refused, errors), marks: event,
			rule: "error-answered", code: GatewayError, lost: 596, confidence: CannotTell,
		},
		{
			name: "behind one address", marks: append(slices.Clone(event), markAt(record.MarkReady, 1101*ms, "pod-7")),
			requests: slices.Concat(reporttest.Steady(4000, 0, ms, "vip"), failing(1105*ms, 1700*ms, 2*ms, ms, "status.404", "vip")),
			rule:     "served-too-early", code: ReadyTooEarly, lost: 298, confidence: Likely, says: []string{"a new replica got requests"},
		},
		{
			name: "behind one address, as another was leaving",
			marks: append(slices.Clone(event), markAt(record.MarkReady, 1101*ms, "pod-7"), markAt(record.MarkTerminating, 1102*ms, "pod-1"),
				markAt(record.MarkExited, 1600*ms, "pod-1")),
			requests: slices.Concat(reporttest.Steady(4000, 0, ms, "vip"), failing(1105*ms, 1500*ms, 2*ms, ms, "status.503", "vip")),
			rule:     "refused-while-draining", code: RefusedWhenDraining, lost: 198, confidence: CannotTell,
		},
	})
}

// TestRefusedWhileDraining: one of two endpoints answers 503 until it is gone.
func TestRefusedWhileDraining(t *testing.T) {
	other, until := reporttest.Steady(4000, 0, ms, "gw-1"), reporttest.Steady(1000, 0, ms, "gw-2")
	errors := failing(1000*ms, 1700*ms, ms, ms, "status.503", "gw-2")
	refused := failing(1705*ms, 1800*ms, 5*ms, 100*us, "connect.refused", "gw-2")
	all := slices.Concat(other, until, errors, refused)
	signalled, exited := markAt(record.MarkSignalled, 999*ms, "gw-2"), markAt(record.MarkExited, 1702*ms, "gw-2")
	event, own := step(998*ms, 1705*ms), []record.ErrorResponse{ownPage}
	checkErrorCases(t, []errorCase{
		{
			name: "after the signal", requests: all, marks: []record.Mark{event, signalled, exited}, responses: own,
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: Shown,
			says: []string{"status 503 after the stop signal", "go on serving requests"}, never: []string{"check the log"},
		},
		{
			name: "after termination began", requests: all, marks: []record.Mark{event, markAt(record.MarkTerminating, 999*ms, "gw-2"), exited}, responses: own,
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: Shown, says: []string{"after termination began"},
		},
		{
			name: "the same status came from elsewhere, too", requests: append(slices.Clone(all), failing(300*ms, 300*ms, ms, ms, "status.503", "gw-1")...),
			marks: []record.Mark{event, signalled, exited}, responses: own,
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: Likely,
		},
		{
			name: "after the signal, and it says that its upstream was gone", requests: all, marks: []record.Mark{event, signalled, exited}, responses: []record.ErrorResponse{envoyFailed},
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: CannotTell, says: []string{"stopped first"},
		},
		{
			name: "without the mark of the signal", requests: all, marks: []record.Mark{event, exited}, responses: own,
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: Likely, says: []string{"draining", "exited at 1.702 s"}, never: []string{"check the log"},
		},
		{
			name: "without marks of the endpoint", requests: all, marks: []record.Mark{event}, responses: own,
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: Likely, says: []string{"draining", "then gw-2 refused connections"},
		},
		{
			name: "without marks of the endpoint, and it lost its upstream", requests: all, marks: []record.Mark{event}, responses: []record.ErrorResponse{envoyFailed},
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: CannotTell,
		},
		{
			name: "without marks, and it was not heard of again", requests: slices.Concat(other, until, errors), marks: []record.Mark{event}, responses: own,
			rule: "refused-while-draining", code: RefusedWhenDraining, lost: 701, confidence: CannotTell, says: []string{"nothing more came from gw-2"},
		},
		{
			name: "without an event", requests: all, responses: own,
			rule: "error-answered", code: GatewayError, lost: 701, confidence: CannotTell, never: leftIt,
		},
		{
			name: "and it goes on", requests: slices.Concat(other, until, errors, reporttest.Steady(2000, 1710*ms, ms, "gw-2")), marks: []record.Mark{event}, responses: own,
			rule: "error-answered", code: GatewayError, lost: 701, confidence: CannotTell, never: leftIt,
		},
	})
}

// TestErrorsOfAGateway: what the gateway says is explained; only an event can
// have taken its upstream away.
func TestErrorsOfAGateway(t *testing.T) {
	burst := append(reporttest.Steady(4000, 0, ms, "lb"), failing(1000*ms, 1100*ms, 10*ms, ms, "status.502", "lb")...)
	earlier := append(slices.Clone(burst), failing(500*ms, 500*ms, ms, ms, "status.502", "lb")...)
	page := []record.ErrorResponse{nginxPage}
	checkErrorCases(t, []errorCase{
		{
			name: "without an event", requests: burst, responses: page,
			rule: "error-answered", code: GatewayError, lost: 11, confidence: Likely, says: []string{"nginx's log"}, never: leftIt,
		},
		{
			name: "in an event", requests: burst, responses: page, marks: []record.Mark{step(990*ms, 1200*ms)},
			rule: "error-answered", code: GatewayError, lost: 11, confidence: Likely, says: []string{"its upstream went away", "pre-stop delay"},
		},
		{
			name: "a slow load, and long after an event", requests: slices.Concat(reporttest.Steady(40, 0, 1000*ms, "lb"), reporttest.Steady(20, 6950*ms, 10*ms, "lb"), failing(7000*ms, 7100*ms, 10*ms, ms, "status.502", "lb")),
			responses: page, marks: []record.Mark{step(2000*ms, 2100*ms)},
			rule: "error-answered", code: GatewayError, lost: 11, confidence: Likely, says: []string{"nginx's log"}, never: leftIt,
		},
		{
			name: "in an event, but also before", requests: earlier, responses: page, marks: []record.Mark{step(990*ms, 1200*ms)},
			rule: "error-answered", code: GatewayError, lost: 11, confidence: Likely, says: []string{"nginx's log"}, never: leftIt,
		},
	})
}

// TestErrorResponses: a known text supports the finding; an unknown one does
// not.
func TestErrorResponses(t *testing.T) {
	requests := append(reporttest.Steady(100, 0, ms, "gw-1"), failing(50*ms, 54*ms, ms, ms, "status.503", "gw-1")...)
	find := func(responses ...record.ErrorResponse) Finding {
		run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) { run.Responses = responses }))
		return found(run)[0]
	}
	known := record.ErrorResponse{Status: 503, Server: "envoy", Body: "no healthy upstream", Count: 3}
	odd := record.ErrorResponse{Status: 503, Body: "?", Count: 2}
	if f := find(known); f.Confidence != Likely || f.Title != "5 responses had status 503, over 4.0 ms" || len(f.Remedies) != 1 || f.Measured != 4*ms {
		t.Errorf("got %+v; want it likely, with a remedy", f)
	}
	if f := find(known, odd); f.Confidence != CannotTell {
		t.Errorf("got %+v; want \"cannot tell\", since one response is unknown", f)
	}
	if f := find(); f.Confidence != CannotTell || len(f.Remedies) != 1 {
		t.Errorf("got %+v; want \"cannot tell\"", f)
	}
}

// TestErrorsAtExit: a gateway whose drain timeout is over responds with errors to
// everything that it still waits for, and exits.
func TestErrorsAtExit(t *testing.T) {
	const cut = 1700 * ms
	at := func(age int64) (list []reporttest.Request) {
		for i := range int64(20) {
			q := reporttest.Lost(cut-age-i*5*ms, cut+i*100*us, "status.502", "gw-1", "")
			q.Status = 502
			list = append(list, q)
		}
		return list
	}
	marks := []record.Mark{
		step(999*ms, 1705*ms), markAt(record.MarkSignalled, 1000*ms, "gw-1"), markAt(record.MarkListenerClosed, 1001*ms, "gw-1"), markAt(record.MarkExited, 1703*ms, "gw-1"),
	}
	page := []record.ErrorResponse{{Status: 502, Body: "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n", Count: 20}}
	served := reporttest.Steady(1000, 0, ms, "gw-1")
	checkErrorCases(t, []errorCase{
		{
			name: "all at the exit", requests: slices.Concat(served, at(800*ms)), marks: marks, responses: page,
			rule: "responded-at-exit", code: GraceTimer, lost: 20, confidence: Likely,
			says: []string{"700.0 ms after the stop signal", "HAProxy: hard-stop-after"}, never: []string{"refused requests"},
		},
		{
			name: "all at once, long before the exit", requests: slices.Concat(served, at(800*ms)), responses: page,
			marks: append(slices.Clone(marks[:3]), markAt(record.MarkExited, 2500*ms, "gw-1")),
			rule:  "refused-while-draining", code: RefusedWhenDraining, lost: 20, confidence: CannotTell,
		},
		{
			name: "sent just before", requests: slices.Concat(served, at(10*ms)), responses: page,
			marks: append(slices.Clone(marks[:2]), markAt(record.MarkListenerClosed, 1702*ms, "gw-1"), marks[3]),
			rule:  "refused-while-draining", code: RefusedWhenDraining, lost: 20, confidence: CannotTell,
		},
	})
}
