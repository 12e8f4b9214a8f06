package diagnosis

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/ledger"
	"nodrop/report/reporttest"
)

// draws is how many recordings of each situation are made, with each set of
// marks; make calibrate makes more.
var draws = flag.Int("calibrate.draws", 12, "recordings of each situation and set of marks")

// situation is a cause of losses, and how a recording of it looks.
type situation struct {
	name   string
	causes []Code // each of them names the cause
	event  bool   // the cause is something done to the target
	enough bool   // with all marks, the losses suffice to name the cause
	build  func(*world)
}

// world draws the numbers of one recording; all times are ns from its start.
type world struct {
	rng       *rand.Rand
	at        int64 // when the event begins
	took      int64 // a typical response time
	requests  []reporttest.Request
	marks     []record.Mark
	responses []record.ErrorResponse
	keepAlive bool
	method    string // "" = GET
	rate      float64

	connections []ledger.Connection // of HTTP/2
}

// runTime is how long each recorded load lasts.
const runTime = 8000 * ms

// between draws a number from [least, most).
func (w *world) between(least, most int64) int64 { return least + w.rng.Int63n(most-least) }

// serve adds successful requests, one every few ms, to the endpoints in turn.
func (w *world) serve(from, to int64, endpoints ...string) {
	for i, start := 0, from; start < to; i, start = i+1, start+2*ms {
		end := start + w.took*w.between(80, 120)/100
		w.requests = append(w.requests, reporttest.Request{
			Start: start, End: end, Endpoint: endpoints[i%len(endpoints)], Status: 200, Bytes: 100, Reused: w.keepAlive && i >= 50,
		})
	}
}

func (w *world) lose(start, end int64, class, endpoint string) {
	text := reporttest.EOFText
	switch {
	case strings.HasSuffix(class, "refused"):
		text = reporttest.RefusedText
	case strings.HasSuffix(class, "reset"):
		text = reporttest.ResetText
	}
	w.requests = append(w.requests, reporttest.Lost(start, end, class, endpoint, text))
}

func (w *world) loseReused(start, end int64, class, endpoint string) {
	w.lose(start, end, class, endpoint)
	w.requests[len(w.requests)-1].Reused = true
}

// respond adds a response with an unexpected status.
func (w *world) respond(start int64, status int, endpoint string) {
	took := w.took * w.between(50, 110) / 100
	q := reporttest.Lost(start, start+took, fmt.Sprint("status.", status), endpoint, "")
	q.Status = status
	w.requests = append(w.requests, q)
}

// page says what the responses with a status looked like.
func (w *world) page(status int, server, body string) {
	n := int64(0)
	for _, q := range w.requests {
		if q.Fate == record.FateLost && q.Status == status {
			n++
		}
	}
	w.responses = append(w.responses, record.ErrorResponse{Status: status, Server: server, Body: body, Count: n})
}

// mark is one of the leaver.
func (w *world) mark(kind record.MarkKind, at int64) {
	w.marks = append(w.marks, record.Mark{Kind: kind, Name: kind.Of(leaver), Endpoint: leaver, Start: at, End: at})
}

// step marks what was done to the target.
func (w *world) step(length int64) {
	w.marks = append(w.marks, record.Mark{Kind: record.MarkStep, Name: "step", Start: w.at, End: w.at + length})
}

// cut adds requests that were in flight to the leaver at a time, as old as
// responses take.
func (w *world) cut(n int, at, oldest int64, class string) {
	for i := range int64(n) {
		age := oldest * (2*i + 1) / int64(2*n)
		w.lose(at-age, at+w.between(10*us, 400*us), class, leaver)
	}
}

// fleet returns that many endpoints.
func fleet(n int64) []string {
	var list []string
	for i := range n {
		list = append(list, fmt.Sprintf("10.0.0.%d:80", i+1))
	}
	return list
}

// leaver is the endpoint that leaves; stayers stay.
const leaver = "10.0.0.1:80"

// stayers serve all the time, and the leaver until then.
func (w *world) stayers(until int64) {
	all := fleet(w.between(3, 9))
	w.serve(0, until, all...)
	w.serve(until, runTime, all[1:]...)
}

var situations = []situation{
	{"listener closed before removal", []Code{ClosedBeforeRemoved}, true, true, func(w *world) {
		heard := w.between(50*ms, 800*ms)
		w.stayers(w.at)
		w.step(heard + 10*ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkSignalled, w.at+ms)
		w.mark(record.MarkListenerClosed, w.at+5*ms)
		w.mark(record.MarkEndpointRemoved, w.at+heard)
		w.mark(record.MarkExited, w.at+900*ms)
		for at := w.at + 6*ms; at < w.at+heard; at += 5 * ms {
			w.lose(at, at+w.between(60*us, 300*us), "connect.refused", leaver)
		}
	}},
	{"killed at the end of its grace period", []Code{KilledAfterGrace, CutAtExit}, true, true, func(w *world) {
		w.took = w.between(1500*ms, 2000*ms)
		grace := w.between(300*ms, 1000*ms)
		w.stayers(w.at)
		w.step(grace + 5*ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkEndpointRemoved, w.at)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkListenerClosed, w.at+ms)
		w.mark(record.MarkKilled, w.at+grace)
		w.mark(record.MarkExited, w.at+grace+ms)
		for i := range int64(20) {
			w.lose(w.at-i*w.took/40, w.at+grace+ms+w.between(10*us, 400*us), "wait.reset", leaver)
		}
	}},
	{"ignored SIGTERM", []Code{IgnoredSIGTERM, KilledAfterGrace}, true, true, func(w *world) {
		w.took = w.between(200*ms, 400*ms)
		killed := w.at + w.between(800*ms, 1500*ms)
		w.stayers(killed)
		w.step(killed - w.at + 2*ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkKilled, killed)
		w.mark(record.MarkListenerClosed, killed)
		w.mark(record.MarkExited, killed+ms)
		w.mark(record.MarkEndpointRemoved, killed+2*ms)
		w.cut(20, killed, w.took, "wait.reset")
	}},
	{"cut when the process exited", []Code{CutAtExit}, true, true, func(w *world) {
		w.took = w.between(200*ms, 600*ms)
		w.stayers(w.at)
		w.step(20 * ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at)
		w.mark(record.MarkListenerClosed, w.at+4*ms)
		w.mark(record.MarkExited, w.at+4*ms)
		w.cut(20, w.at+4*ms, w.took, "wait.eof")
	}},
	{"its own timer cut them", []Code{GraceTimer}, true, true, func(w *world) {
		w.took = w.between(3000*ms, 3500*ms)
		timer := w.between(500*ms, 1500*ms)
		w.stayers(w.at)
		w.step(timer + 600*ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at)
		w.mark(record.MarkListenerClosed, w.at+ms)
		w.mark(record.MarkExited, w.at+timer+500*ms)
		for i := range int64(20) {
			w.lose(w.at-i*w.took/60, w.at+timer+w.between(10*us, 400*us), "wait.eof", leaver)
		}
	}},
	{"its own timer, with error responses", []Code{GraceTimer}, true, true, func(w *world) {
		w.took = w.between(3000*ms, 3500*ms)
		exit := w.at + w.between(500*ms, 1500*ms)
		w.stayers(w.at)
		w.step(exit - w.at + 50*ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at)
		w.mark(record.MarkListenerClosed, w.at+ms)
		w.mark(record.MarkExited, exit+ms)
		for i := range int64(20) {
			w.lose(w.at-i*w.took/60, exit+w.between(10*us, 400*us), "status.502", leaver)
			w.requests[len(w.requests)-1].Status = 502
		}
		w.page(502, "", "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>")
	}},
	{"reset in the accept queue", []Code{AcceptQueueReset}, true, true, func(w *world) {
		w.took = w.between(50*ms, 100*ms)
		w.stayers(w.at)
		w.step(300 * ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at+ms)
		w.mark(record.MarkListenerClosed, w.at+2*ms)
		w.mark(record.MarkExited, w.at+300*ms)
		w.cut(30, w.at+2*ms, 20*w.took, "wait.reset")
	}},
	{"a load balancer resets new connections", []Code{DrainCut}, true, false, func(w *world) {
		w.took = w.between(50*ms, 100*ms)
		w.serve(0, runTime, leaver)
		w.step(300 * ms)
		w.cut(20, w.at+200*ms, 20*w.took, "wait.reset")
	}},
	{"idle close race", []Code{IdleCloseRace}, false, false, func(w *world) {
		w.keepAlive, w.took = true, w.between(80*ms, 200*ms)
		w.serve(0, runTime, fleet(4)...)
		for range 30 {
			at := w.between(500*ms, runTime-500*ms)
			w.loseReused(at, at+w.took/8*w.between(90, 130)/100, []string{"wait.reset", "wait.eof"}[w.rng.Intn(2)], fmt.Sprintf("10.0.0.%d:80", w.between(1, 5)))
		}
	}},
	{"upstream's idle timeout", []Code{UpstreamIdleTimeout}, false, false, func(w *world) {
		w.serve(0, runTime, leaver)
		for range w.between(8, 40) {
			w.respond(w.between(200*ms, runTime-500*ms), 502, leaver)
		}
		w.page(502, "nginx/1.22.1", "<html><head><title>502 Bad Gateway</title></head>")
	}},
	{"upstream's idle timeout, few errors", []Code{UpstreamIdleTimeout}, false, false, func(w *world) {
		w.method = "POST"
		w.serve(0, runTime, leaver)
		for range w.between(3, 11) {
			w.respond(w.between(200*ms, runTime-500*ms), 502, leaver)
		}
		w.page(502, "nginx/1.22.1", "<html><head><title>502 Bad Gateway</title></head>")
	}},
	{"a burst of a gateway's errors", []Code{}, false, false, func(w *world) {
		w.method = "POST"
		w.serve(0, runTime, leaver)
		from, length := w.between(100*ms, runTime-2000*ms), w.between(100*ms, 1500*ms)
		for range w.between(3, 40) {
			w.respond(from+w.between(0, length), 502, leaver)
		}
		w.page(502, "nginx/1.22.1", "<html><head><title>502 Bad Gateway</title></head>")
	}},
	{"one of some upstreams is away", []Code{}, false, false, func(w *world) {
		w.method = "POST"
		w.serve(0, runTime, leaver)
		from, share := w.between(100*ms, runTime/2), w.between(4, 50)
		for at := from; at < from+w.between(800*ms, 3000*ms); at += share * ms {
			w.respond(at, 502, leaver)
		}
		w.page(502, "nginx/1.22.1", "<html><head><title>502 Bad Gateway</title></head>")
	}},
	{"the application sends 502", []Code{}, false, false, func(w *world) {
		w.method = "POST"
		w.serve(0, runTime, leaver)
		for range w.between(3, 40) {
			w.respond(w.between(0, runTime-500*ms), 502, leaver)
		}
		w.page(502, "nginx/1.22.1", `{"error":"the payment provider does not respond"}`)
	}},
	{"upstream's idle timeout, in ticks", []Code{UpstreamIdleTimeout}, false, true, func(w *world) {
		w.method, w.rate = "POST", 5
		every, some := w.between(2, 4), w.between(12, 30)
		for tick := range runTime / (200 * ms) {
			for worker := range int64(30) {
				start := tick*200*ms + worker*20*us
				if tick%every == 1 && worker < some {
					w.respond(start, 502, leaver)
					continue
				}
				w.requests = append(w.requests, reporttest.Request{Start: start, End: start + w.took*w.between(80, 120)/100, Endpoint: leaver, Status: 200, Bytes: 100})
			}
		}
		w.page(502, "nginx/1.22.1", "<html><head><title>502 Bad Gateway</title></head>")
	}},
	{"the gateway limits requests", []Code{}, true, false, func(w *world) {
		w.step(100 * ms)
		w.serve(0, runTime, leaver)
		for at := w.at + 50*ms; at < w.at+w.between(300*ms, 3000*ms); at += 4 * ms {
			w.respond(at, 503, leaver)
		}
		w.page(503, "nginx/1.22.1", "<html><head><title>503 Service Temporarily Unavailable</title></head>")
	}},
	{"a release with a bug", []Code{}, true, false, func(w *world) {
		all := fleet(3)
		w.step(500 * ms)
		w.serve(0, runTime, all...)
		for i, at := 0, w.at+600*ms; at < runTime-10*ms; i, at = i+1, at+8*ms {
			w.respond(at, 500, all[i%3])
		}
		w.page(500, "", "Internal Server Error")
	}},
	{"no upstream left", []Code{NoUpstreamLeft}, true, true, func(w *world) {
		back := w.at + w.between(500*ms, 1500*ms)
		w.step(back - w.at + 500*ms)
		w.serve(0, w.at+50*ms, leaver)
		w.serve(back, runTime, leaver)
		for at := w.at + 50*ms + w.took; at < back; at += 3 * ms {
			w.respond(at, 503, leaver)
		}
		w.page(503, "", "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>")
	}},
	{"stale upstream address", []Code{StaleUpstream}, true, true, func(w *world) {
		w.step(100 * ms)
		w.serve(0, runTime, leaver)
		for at := w.at + 150*ms; at < runTime-20*ms; at += 6 * ms {
			w.respond(at, 502, leaver)
		}
		w.page(502, "nginx/1.22.1", "<html><head><title>502 Bad Gateway</title></head>")
	}},
	{"routes not loaded yet", []Code{ReadyTooEarly}, true, true, func(w *world) {
		ready := w.at + 200*ms
		warm := ready + w.between(200*ms, 900*ms)
		w.stayers(w.at)
		w.step(400 * ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at)
		w.mark(record.MarkExited, w.at+50*ms)
		w.mark(record.MarkReady, ready)
		for at := ready + ms; at < warm; at += 5 * ms {
			w.respond(at, 404, leaver)
		}
		w.serve(warm, runTime, leaver)
		w.page(404, "", "404 page not found")
	}},
	{"cold start", []Code{ColdStart, ReadyTooEarly}, true, true, func(w *world) {
		ready := w.at + 200*ms
		w.stayers(w.at)
		w.step(250 * ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, w.at)
		w.mark(record.MarkExited, w.at+50*ms)
		w.mark(record.MarkReady, ready)
		for at := ready + ms; at < ready+900*ms; at += 20 * ms {
			w.lose(at, at+1000*ms, "wait.timeout", leaver)
		}
		w.serve(ready+1000*ms, runTime, leaver)
	}},
	{"recreated", []Code{Recreated}, true, true, func(w *world) {
		ready := w.at + w.between(300*ms, 1500*ms)
		w.step(ready - w.at)
		w.serve(0, w.at, leaver)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkListenerClosed, w.at+5*ms)
		w.mark(record.MarkExited, w.at+5*ms)
		w.mark(record.MarkReady, ready)
		for at := w.at + 20*ms; at < ready; at += 4 * ms {
			w.lose(at, at+w.between(60*us, 300*us), "connect.refused", leaver)
		}
		w.serve(ready+ms, runTime, leaver)
	}},
	{"refused while draining", []Code{RefusedWhenDraining}, true, true, func(w *world) {
		removed := w.at + w.between(200*ms, 900*ms)
		w.stayers(w.at)
		w.step(removed - w.at + 150*ms)
		w.mark(record.MarkSignalled, w.at)
		w.mark(record.MarkEndpointRemoved, removed)
		w.mark(record.MarkExited, removed+100*ms)
		for at := w.at + 2*ms; at < removed; at += 5 * ms {
			w.respond(at, 503, leaver)
		}
		w.page(503, "", "shutting down")
	}},
	{"cut by the balancer's drain timeout", []Code{DrainCut}, true, true, func(w *world) {
		w.took = w.between(2500*ms, 3500*ms)
		cut := w.at + w.between(800*ms, 1500*ms)
		w.stayers(w.at)
		w.step(cut - w.at + 50*ms)
		w.mark(record.MarkTerminating, w.at)
		w.mark(record.MarkEndpointRemoved, w.at+20*ms)
		w.mark(record.MarkConnectionsCut, cut)
		w.mark(record.MarkSignalled, cut+200*ms)
		w.mark(record.MarkExited, cut+1500*ms)
		for i := range int64(20) {
			w.lose(w.at-i*w.took/60, cut+w.between(10*us, 400*us), "wait.reset", leaver)
		}
	}},
	{"crashed", []Code{Crashed}, false, true, func(w *world) {
		w.took = w.between(50*ms, 200*ms)
		w.stayers(w.at)
		w.mark(record.MarkCrashed, w.at)
		w.cut(12, w.at, w.took, "wait.eof")
		for at := w.at + ms; at < w.at+100*ms; at += 4 * ms {
			w.lose(at, at+w.between(60*us, 300*us), "connect.refused", leaver)
		}
	}},
	{"steady errors", []Code{SteadyErrors}, false, true, func(w *world) {
		w.serve(0, runTime, fleet(3)...)
		w.step(500 * ms)
		for range w.between(60, 160) {
			w.respond(w.between(0, runTime-500*ms), 500, leaver)
		}
		w.page(500, "", "Internal Server Error")
	}},
	{"recurring", []Code{Recurring}, false, false, func(w *world) {
		w.took = w.between(20*ms, 60*ms)
		period := w.between(600*ms, 1200*ms)
		w.serve(0, runTime, fleet(3)...)
		for at := period; at < runTime-100*ms; at += period {
			w.cut(6, at, w.took, "wait.reset")
		}
	}},
}

// symptoms are codes that name what was seen, and no cause.
var symptoms = []Code{Refused, CutInFlight, GatewayError, PacketsDropped, FirewallRefused, TLSCut, TLSRefused, Hung, Malformed, Unexplained, CutWithoutGoaway, StreamRefused, StreamReset}

// departures are codes that blame the event.
var departures = []Code{
	ClosedBeforeRemoved, CutAtExit, KilledAfterGrace, IgnoredSIGTERM, GraceTimer, AcceptQueueReset, NoUpstreamLeft,
	StaleUpstream, ReadyTooEarly, ColdStart, Recreated, RefusedWhenDraining, DrainCut, DrainedPolitely,
}

// masks take marks away from a recording.
var masks = []struct {
	name string
	full bool // leaves all marks
	keep func(*world) []record.Mark
}{
	{"all marks", true, func(w *world) []record.Mark { return w.marks }},
	{"steps only", false, func(w *world) []record.Mark {
		return slices.DeleteFunc(slices.Clone(w.marks), func(m record.Mark) bool { return m.Kind != record.MarkStep })
	}},
	{"one kind of mark away", false, func(w *world) []record.Mark {
		if len(w.marks) == 0 {
			return nil
		}
		gone := w.marks[w.rng.Intn(len(w.marks))].Kind
		return without(w.marks, gone)
	}},
	{"no event", false, func(*world) []record.Mark { return nil }},
}

// tally counts what findings said.
type tally struct{ right, cannot, wrongShown, wrongLikely, likely int }

// judge counts one finding of a recording.
func (c *tally) judge(f *Finding, causes []Code) (wrong bool) {
	if f.Confidence == CannotTell || slices.Contains(symptoms, f.Code) {
		c.cannot++
		return false
	}
	if f.Confidence == Likely {
		c.likely++
	}
	if slices.Contains(causes, f.Code) {
		c.right++
		return false
	}
	if f.Confidence == Shown {
		c.wrongShown++
	} else {
		c.wrongLikely++
	}
	return true
}

// TestCalibrate: over situations with known causes, and with marks taken away,
// a finding that is shown never names a wrong cause, at most 5 % of those that
// are likely do, and where marks and losses suffice, at most 10 % cannot tell.
// Without an event, nothing is blamed on one.
func TestCalibrate(t *testing.T) {
	var all, sufficient tally
	for _, s := range slices.Concat(situations, streamSituations) {
		for _, mask := range masks {
			var here tally
			for seed := range int64(*draws) {
				w := &world{rng: rand.New(rand.NewSource(seed)), at: 3000 * ms}
				w.at, w.took = w.between(2000*ms, 4000*ms), w.between(5*ms, 40*ms)
				s.build(w)
				marks := mask.keep(w)
				run := reporttest.NewRun(t, w.requests, reporttest.Edited(func(run *record.Run) {
					run.Marks, run.Responses, run.Settings.KeepAlive = marks, w.responses, w.keepAlive
					if len(w.connections) > 0 {
						run.HTTP2 = &ledger.HTTP2{}
					}
					for i := range w.connections {
						run.HTTP2.Add(&w.connections[i])
					}
					run.Settings.Method = cmp.Or(w.method, run.Settings.Method)
					if run.Settings.Rate = w.rate; w.rate > 0 {
						run.Settings.Workers = 30
					}
				}))
				for _, f := range found(run) {
					if f.Lost == 0 {
						continue
					}
					if here.judge(&f, s.causes) {
						t.Logf("%s, %s, seed %d: %s, %s: %s", s.name, mask.name, seed, f.Code, f.Confidence, f.Title)
					}
					if len(marks) == 0 && f.Confidence != CannotTell && slices.Contains(departures, f.Code) {
						t.Errorf("%s, seed %d: no event, and %s (%s) blames one: %s", s.name, seed, f.Code, f.Confidence, f.Title)
					}
				}
			}
			t.Logf("%-36s %-22s right %3d, cannot tell %3d, wrong: shown %d, likely %d", s.name, mask.name, here.right, here.cannot, here.wrongShown, here.wrongLikely)
			all.add(here)
			if mask.full && s.enough {
				sufficient.add(here)
			}
		}
	}
	if all.wrongShown > 0 {
		t.Errorf("%d findings are shown and name a wrong cause", all.wrongShown)
	}
	if all.wrongLikely*20 > all.likely {
		t.Errorf("%d of %d likely findings name a wrong cause, want 5 %% at most", all.wrongLikely, all.likely)
	}
	if total := sufficient.right + sufficient.cannot + sufficient.wrongShown + sufficient.wrongLikely; sufficient.cannot*10 > total {
		t.Errorf("%d of %d findings cannot tell although marks and losses suffice, want 10 %% at most", sufficient.cannot, total)
	}
}

func (c *tally) add(o tally) {
	c.right += o.right
	c.cannot += o.cannot
	c.wrongShown += o.wrongShown
	c.wrongLikely += o.wrongLikely
	c.likely += o.likely
}
