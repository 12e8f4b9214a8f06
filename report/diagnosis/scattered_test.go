package diagnosis

import (
	"fmt"
	"math/rand"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// gatewayRun draws a load through a gateway, without an event, some of whose
// responses are errors.
type gatewayRun struct {
	world
	failed map[int64]bool // requests that failed, by their number
}

// The load of a gatewayRun, one request every apart.
const (
	apart = 25 * ms
	sent  = 600
)

func newGatewayRun(seed int64) *gatewayRun {
	w := &gatewayRun{world: world{rng: rand.New(rand.NewSource(seed)), method: "POST"}, failed: map[int64]bool{}}
	w.took = w.between(ms, 20*ms)
	return w
}

// fail lets a request fail after a time, unless it has failed already.
func (w *gatewayRun) fail(i int64, status int, took int64) {
	if i < 0 || i >= sent || w.failed[i] {
		return
	}
	w.failed[i] = true
	q := reporttest.Lost(i*apart, i*apart+took, fmt.Sprint("status.", status), w.endpoint(), "")
	q.Status = status
	w.requests = append(w.requests, q)
}

// quick is a time that a response takes.
func (w *gatewayRun) quick() int64 { return w.took * w.between(50, 110) / 100 }

func (w *gatewayRun) endpoint() string { return fleet(3)[w.rng.Intn(3)] }

// spread lets n requests fail, at any time.
func (w *gatewayRun) spread(n int64, status int, took func() int64) {
	for int64(len(w.failed)) < n {
		w.fail(w.between(0, sent), status, took())
	}
}

// findings fills in the requests that were served.
func (w *gatewayRun) findings(t *testing.T) []Finding {
	for i := range int64(sent) {
		if !w.failed[i] {
			w.requests = append(w.requests, reporttest.Request{Start: i * apart, End: i*apart + w.took*w.between(80, 120)/100, Endpoint: w.endpoint(), Status: 200, Bytes: 100})
		}
	}
	return found(reporttest.NewRun(t, w.requests, reporttest.Edited(func(run *record.Run) {
		run.Responses, run.Settings.Method = w.responses, w.method
	})))
}

const (
	nginx502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.22.1</center>"
	nginx504 = "<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.22.1</center>"
)

// gatewayDraws is how many loads of each kind are drawn.
const gatewayDraws = 400

// seeds are those of the draws: drawn themselves, because generators with seeds
// one apart begin alike.
func seeds() []int64 {
	rng, list := rand.New(rand.NewSource(1)), make([]int64, gatewayDraws)
	for i := range list {
		list[i] = rng.Int63()
	}
	return list
}

// TestFewGatewayErrors: three to ten errors of a gateway whose upstream closed
// the connection, at any time, are enough to name the idle timeout. All is held
// up once for a while, as on a busy machine, and errors that come then are late.
func TestFewGatewayErrors(t *testing.T) {
	named, likely := 0, 0
	for i, seed := range seeds() {
		w := newGatewayRun(seed)
		n := 3 + int64(i)%8
		if held := w.between(0, 3*n); held < n-1 { // some of them came while all was held up
			from := w.between(20, sent-20)
			for i := range held {
				w.fail(from+i, 502, 250*ms-i*apart+w.between(0, ms))
			}
			n = max(n, held+2)
		}
		w.spread(n, 502, w.quick)
		w.page(502, "nginx/1.22.1", nginx502)
		f := w.findings(t)[0]
		switch {
		case f.Code == UpstreamIdleTimeout && f.Lost == n:
			named++
		default:
			t.Logf("seed %d, %d errors: %s (%s): %s", seed, n, f.Code, f.Confidence, f.Title)
		}
		if f.Confidence != CannotTell && f.Code == UpstreamIdleTimeout {
			likely++
		}
	}
	t.Logf("%d of %d named, %d of them as likely", named, gatewayDraws, likely)
	if named*100 < gatewayDraws*95 {
		t.Errorf("the idle timeout was named in %d of %d, want 95 %% at least", named, gatewayDraws)
	}
}

// TestNoIdleTimeout: errors that an idle timeout does not make are never said to
// be likely its doing, and rarely, if ever, said to be perhaps.
func TestNoIdleTimeout(t *testing.T) {
	long := func(w *gatewayRun) func() int64 {
		return func() int64 { return w.between(1000*ms, 5000*ms) }
	}
	for _, tt := range []struct {
		name    string
		perhaps int // how often in 100 draws it may be named as one of several causes
		build   func(*gatewayRun)
	}{
		{"a burst", 2, func(w *gatewayRun) {
			from, length := w.between(0, 540), w.between(8, 60)
			for range w.between(3, 20) {
				w.fail(from+w.between(0, length), 502, w.quick())
			}
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"a burst and one before or after it", 2, func(w *gatewayRun) {
			from := w.between(0, 570)
			for range w.between(5, 20) {
				w.fail(from+w.between(0, 30), 502, w.quick())
			}
			w.fail(w.between(0, sent), 502, w.quick())
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"one of three upstreams is away for some seconds", 2, func(w *gatewayRun) {
			from, length := w.between(0, 400), w.between(60, 200)
			for i := from; i < from+length; i++ {
				if w.rng.Intn(3) == 0 {
					w.fail(i, 502, w.quick())
				}
			}
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"nothing serves for some seconds", 0, func(w *gatewayRun) {
			from, length := w.between(20, 400), w.between(20, 120)
			for i := from; i < from+length; i++ {
				w.fail(i, 502, w.quick())
			}
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"it crashes again and again", 2, func(w *gatewayRun) {
			for range w.between(3, 7) {
				from, length := w.between(0, sent), w.between(3, 16)
				for i := from; i < from+length; i++ {
					w.fail(i, 502, w.quick())
				}
			}
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"the upstream is too slow", 0, func(w *gatewayRun) {
			w.spread(w.between(3, 11), 504, long(w))
			w.page(504, "nginx/1.22.1", nginx504)
		}},
		{"the upstream gives up after some seconds", 0, func(w *gatewayRun) {
			w.spread(w.between(3, 11), 502, long(w))
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"the upstream gives up, sometimes soon", 100, func(w *gatewayRun) {
			w.spread(w.between(3, 11), 502, func() int64 { return w.quick() + w.between(0, 2)*1000*ms })
			w.page(502, "nginx/1.22.1", nginx502)
		}},
		{"the application responds 500", 0, func(w *gatewayRun) {
			w.spread(w.between(3, 11), 500, w.quick)
			w.page(500, "nginx/1.22.1", `{"error":"boom"}`)
		}},
		{"the application responds 502", 100, func(w *gatewayRun) {
			w.spread(w.between(3, 11), 502, w.quick)
			w.page(502, "nginx/1.22.1", `{"error":"the payment provider does not respond"}`)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			perhaps, sure := 0, 0
			for _, seed := range seeds() {
				w := newGatewayRun(seed)
				tt.build(w)
				for _, f := range w.findings(t) {
					switch {
					case f.Code != UpstreamIdleTimeout:
					case f.Confidence == CannotTell:
						perhaps++
					default:
						sure++
						t.Logf("seed %d: %s (%s): %s", seed, f.Code, f.Confidence, f.Title)
					}
				}
			}
			t.Logf("perhaps %d, likely %d of %d", perhaps, sure, gatewayDraws)
			if sure*100 > gatewayDraws || perhaps*100 > gatewayDraws*tt.perhaps {
				t.Errorf("the idle timeout was likely in %d of %d, want 1 %% at most, and perhaps in %d, want %d %% at most", sure, gatewayDraws, perhaps, tt.perhaps)
			}
		})
	}
}
