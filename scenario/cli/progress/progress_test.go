package progress

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/scenario"
)

// fit cuts text to columns, which are runes here.
func fit(text string, columns int) string { return scenario.Cut(text, max(1, columns)) }

// steady is a load that starts as many requests every second.
type steady struct {
	plan     record.Progress
	settings record.Settings
	rate     float64
	lost     int64         // every so many-th request; 0 = none
	over     time.Duration // when it starts no more; 0 = never
	inFlight atomic.Int64  // from then on

	begin time.Time
	marks record.Marks
}

func (s *steady) Progress() record.Progress {
	p := s.plan
	p.Elapsed = time.Since(s.begin)
	sending := p.Elapsed
	if s.over > 0 && p.Elapsed >= s.over {
		p.Over, sending = true, s.over
	}
	p.Started = int64(s.rate * sending.Seconds())
	p.Finished = p.Started
	if p.Over {
		p.Finished -= s.inFlight.Load()
	}
	if s.lost > 0 {
		p.Lost = p.Finished / s.lost
	}
	return p
}

func (s *steady) Warnings() []string        { return nil }
func (s *steady) Marks() *record.Marks      { return &s.marks }
func (s *steady) Settings() record.Settings { return s.settings }
func (s *steady) Since(t time.Time) int64   { return t.Sub(s.begin).Nanoseconds() }

// mark adds a mark of something that happens now.
func (s *steady) mark(kind record.MarkKind, endpoint string) {
	at := s.Since(time.Now())
	s.marks.Add(record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint, Start: at, End: at})
}

// start begins the load now.
func (s *steady) start() scenario.Watched {
	s.begin = time.Now()
	return s
}

// step acts for a time as a step of the timeline does.
func step(watch scenario.Watch, name, failure string, lasts time.Duration, loads ...*steady) {
	begun := time.Now()
	ended := watch.Act(scenario.PhaseStep, name)
	time.Sleep(lasts)
	ended()
	for _, s := range loads {
		s.marks.Add(record.Mark{Kind: record.MarkStep, Name: name, Start: s.Since(begun), End: s.Since(time.Now()), Error: failure})
	}
}

// printed returns the lines that run causes, with the second at which each is
// printed.
func printed(t *testing.T, quiet bool, run func(watch scenario.Watch)) (lines []string) {
	t.Helper()
	synctest.Test(t, func(*testing.T) {
		begun := time.Now()
		tracker := NewTracker(quiet, fit)
		stop := Print(tracker, func(line string) {
			lines = append(lines, fmt.Sprintf("%.1f %s", time.Since(begun).Seconds(), line))
		})
		run(tracker.Watch())
		stop()
	})
	return lines
}

func expectLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

var paced = record.Settings{URL: "http://h/", Method: "GET", Requests: 2500, Workers: 10, Rate: 10}

// TestPlainLines: what is done before the load, the start of each load, each step
// and mark, and every ten seconds how far it is.
func TestPlainLines(t *testing.T) {
	lines := printed(t, false, func(watch scenario.Watch) {
		watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{Name: "abrupt"}, Repetition: 2}, 3, 8)
		ready := watch.Act(scenario.PhaseSetUp, "wait for\n rollouts")
		time.Sleep(15 * time.Second)
		ready()
		s := &steady{plan: record.Progress{Planned: 2500}, settings: paced, rate: 100, lost: 50}
		s.marks.Add(record.Mark{Kind: record.MarkReady, Name: "replica a ready", Endpoint: "a", Start: -5, End: -5})
		over := watch.Load([]scenario.Watched{s.start()})
		time.Sleep(3 * time.Second)
		step(watch, "scale", "", 9*time.Second, s)
		for _, gone := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			s.mark(record.MarkTerminating, gone)
			s.mark(record.MarkExited, gone)
			time.Sleep(time.Millisecond)
		}
		s.mark(record.MarkReady, "h")
		time.Sleep(time.Second)
		step(watch, "check", "exit status 7:\n denied", 10*time.Millisecond, s)
		at := s.Since(time.Now())
		s.marks.Add(record.Mark{Kind: record.MarkStep, Name: scenario.HandMark, Start: at, End: at})
		s.marks.Add(record.Mark{Kind: record.MarkStep, Name: scenario.HandMark, Start: at, End: at})
		time.Sleep(12 * time.Second)
		over()
		restored := watch.Act(scenario.PhaseRestore, "deployment/web")
		time.Sleep(11 * time.Second)
		restored()
	})
	const run = "abrupt #2, run 3 of 8"
	expectLines(
		t, lines,
		"10.0 "+run+": setting up: wait for rollouts, for 10s so far",
		"15.0 "+run+": sending 2,500 GET requests to http://h/ at 100/s from 10 workers",
		"18.5 "+run+", 3.0s: scale: begins",
		"25.0 "+run+", 10s: 40 %, 15s left, asked for 100/s, sent 100/s, 20 lost; running: scale",
		"27.5 "+run+", 12.0s: scale: done after 9s",
		"27.5 "+run+", 12.0s: terminating: 7 endpoints",
		"27.5 "+run+", 12.0s: exited: 7 endpoints",
		"27.5 "+run+", 12.0s: replica h ready",
		"28.5 "+run+", 13.0s: check: failed after 10ms: exit status 7: denied",
		"28.5 "+run+", 13.0s: "+scenario.HandMark,
		"28.5 "+run+", 13.0s: "+scenario.HandMark,
		"35.0 "+run+", 20s: 80 %, 5s left, asked for 100/s, sent 100/s, 40 lost",
		"40.0 "+run+", 25.0s: the load is over: lost 50 of 2,501 requests",
		"50.0 "+run+": restoring: deployment/web, for 10s so far",
	)
}

// TestPlainSideBySide: loads are named, and a mark that all of them have is
// printed once.
func TestPlainSideBySide(t *testing.T) {
	lines := printed(t, false, func(watch scenario.Watch) {
		watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{}}, 1, 1)
		fast := &steady{plan: record.Progress{Stream: "new", Planned: 2500}, settings: paced, rate: 100}
		slow := &steady{
			plan: record.Progress{Stream: "kept", Duration: 20 * time.Second}, rate: 2.5, lost: 25,
			settings: record.Settings{URL: "http://h/b", Method: "POST", Duration: 20 * time.Second, Workers: 1},
		}
		over := watch.Load([]scenario.Watched{fast.start(), slow.start()})
		for range 2 {
			time.Sleep(time.Second)
			for _, s := range []*steady{fast, slow} {
				s.mark(record.MarkReady, "a")
			}
		}
		for _, gone := range []string{"gw-10", "gw-2"} {
			fast.mark(record.MarkExited, gone)
		}
		time.Sleep(9 * time.Second)
		over()
	})
	expectLines(
		t, lines,
		"0.0 new: sending 2,500 GET requests to http://h/ at 100/s from 10 workers",
		"0.0 kept: sending POST requests to http://h/b for 20s from 1 worker",
		"1.5 1.0s: replica a ready",
		"2.5 2.0s: replica a ready",
		"2.5 2.0s: exited: gw-2, gw-10",
		"10.0 10s: 40 %, 15s left; new: asked for 100/s, sent 100/s, 0 lost; kept: sent 2.5/s, 1 lost",
	)
}

// TestPlainRunsInARow: what is printed late is said of the run that it belongs to,
// and a step that never began has not failed.
func TestPlainRunsInARow(t *testing.T) {
	lines := printed(t, false, func(watch scenario.Watch) {
		for i, name := range []string{"old", "new"} {
			watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{Name: name}}, i+1, 2)
			s := &steady{plan: record.Progress{Planned: 2500}, settings: paced, rate: 100}
			over := watch.Load([]scenario.Watched{s.start()})
			time.Sleep(100 * time.Millisecond)
			s.mark(record.MarkReady, "a")
			step(watch, "act", "no", time.Microsecond, s)
			at := s.Since(time.Now())
			s.marks.Add(record.Mark{Kind: record.MarkStep, Name: "then", Start: at, End: at + 1000, Error: "skipped: act did not succeed"})
			over()
		}
	})
	const sending = ": sending 2,500 GET requests to http://h/ at 100/s from 10 workers"
	expectLines(
		t, lines,
		"0.0 old, run 1 of 2"+sending,
		"0.1 old, run 1 of 2, 0.1s: replica a ready",
		"0.1 old, run 1 of 2, 0.1s: act: failed at once: no",
		"0.1 old, run 1 of 2, 0.1s: then: skipped: act did not succeed",
		"0.1 old, run 1 of 2, 0.1s: the load is over: lost 0 of 10 requests",
		"0.1 new, run 2 of 2"+sending,
		"0.2 new, run 2 of 2, 0.1s: replica a ready",
		"0.2 new, run 2 of 2, 0.1s: act: failed at once: no",
		"0.2 new, run 2 of 2, 0.1s: then: skipped: act did not succeed",
		"0.2 new, run 2 of 2, 0.1s: the load is over: lost 0 of 10 requests",
	)
}

// TestQuiet: a plain load prints nothing if it ends within ten seconds, unless
// somebody marks an event.
func TestQuiet(t *testing.T) {
	note := func(s *steady) { s.mark(record.MarkNote, "a") }
	for name, tc := range map[string]struct {
		lasts time.Duration
		does  func(*steady)
		want  []string
	}{
		"short":                  {9 * time.Second, note, nil},
		"just ten seconds":       {10 * time.Second, note, nil},
		"ending at ten seconds":  {10*time.Second + 50*time.Millisecond, note, nil},
		"with a mark by hand":    {2 * time.Second, func(s *steady) { s.mark(record.MarkExited, "a") }, []string{"1.0 sending GET requests to http://h/ for 10s from 1 worker", "1.0 1.0s: replica a exited"}},
		"waiting for long after": {21 * time.Second, func(s *steady) { s.inFlight.Store(1) }, []string{"20.0 sending GET requests to http://h/ for 10s from 1 worker", "20.0 20s: 100 %, waiting for 1 request in flight, 0 lost"}},
	} {
		t.Run(name, func(t *testing.T) {
			lines := printed(t, true, func(watch scenario.Watch) {
				watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{}}, 1, 1)
				const plan = 10 * time.Second
				s := &steady{plan: record.Progress{Duration: plan}, settings: record.Settings{URL: "http://h/", Method: "GET", Duration: plan, Workers: 1}, rate: 1, over: plan}
				over := watch.Load([]scenario.Watched{s.start()})
				time.Sleep(time.Second)
				tc.does(s)
				time.Sleep(tc.lasts - time.Second)
				over()
			})
			expectLines(t, lines, tc.want...)
		})
	}
}

// TestQuietButLong: after ten seconds a plain load says what it is, once, and how
// far.
func TestQuietButLong(t *testing.T) {
	lines := printed(t, true, func(watch scenario.Watch) {
		watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{}}, 1, 1)
		s := &steady{plan: record.Progress{Planned: 2500}, settings: paced, rate: 60}
		over := watch.Load([]scenario.Watched{s.start()})
		time.Sleep(20100 * time.Millisecond)
		s.mark(record.MarkNote, "a")
		time.Sleep(time.Second)
		over()
	})
	expectLines(
		t, lines,
		"10.0 sending 2,500 GET requests to http://h/ at 100/s from 10 workers",
		"10.0 10s: 24 %, 32s left, asked for 100/s, sent 60/s, 0 lost",
		"20.0 20s: 48 %, 22s left, asked for 100/s, sent 60/s, 0 lost",
		"20.6 20.1s: replica a note",
	)
}

// TestManyMarks: a run with very many marks prints some.
func TestManyMarks(t *testing.T) {
	lines := printed(t, false, func(watch scenario.Watch) {
		watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{}}, 1, 1)
		s := &steady{plan: record.Progress{Planned: 2500}, settings: paced, rate: 60}
		over := watch.Load([]scenario.Watched{s.start()})
		for i := range 5000 {
			step(watch, fmt.Sprint("step ", i), "", 0, s)
		}
		time.Sleep(time.Second)
		over()
	})
	if len(lines) > mostLines+2 || !strings.HasSuffix(lines[len(lines)-1], "further marks and steps are only in the report") {
		t.Errorf("%d lines, the last is %q", len(lines), lines[len(lines)-1])
	}
}

// TestNobodyReads: neither the run nor the end of progress waits for who reads
// the lines.
func TestNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		read := make(chan struct{})
		tracker := NewTracker(false, fit)
		stop := Print(tracker, func(string) { <-read })
		watch := tracker.Watch()
		watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{}}, 1, 1)
		s := &steady{plan: record.Progress{Planned: 2500}, settings: paced, rate: 60}
		over := watch.Load([]scenario.Watched{s.start()})
		step(watch, "scale", "", time.Second, s)
		over()
		if took := time.Since(s.begin); took != time.Second {
			t.Errorf("the run took %v; want 1s", took)
		}
		stop()
		if took := time.Since(s.begin); took != time.Second+patience {
			t.Errorf("with the end of progress %v; want %v", took, time.Second+patience)
		}
		close(read)
	})
}

// paper is a terminal's output.
type paper struct {
	mu   sync.Mutex // guards text
	text string
}

func (p *paper) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.text += string(text)
	return len(text), nil
}

// take returns what was written since the last take.
func (p *paper) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.text
	p.text = ""
	return text
}

// TestDraw: a line on a terminal follows the load, is never wider than the
// terminal, and is gone at the end.
func TestDraw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var columns atomic.Int64
		columns.Store(80)
		out := &paper{}
		screen := &Screen{To: out, Width: func() int { return int(columns.Load()) }}
		tracker := NewTracker(false, fit)
		stop := Draw(tracker, screen)
		watch := tracker.Watch()
		watch.Attempt(scenario.Attempt{Variant: &scenario.Variant{Name: "graceful"}}, 2, 2)
		s := &steady{plan: record.Progress{Planned: 2500}, settings: paced, rate: 100}
		line := func(after time.Duration) string {
			time.Sleep(after)
			synctest.Wait()
			text := out.take()
			return text[max(0, strings.LastIndex(text, "\r")):]
		}
		ended := watch.Act(scenario.PhaseSetUp, "start gateways")
		got := []string{line(redraw)}
		ended()
		over := watch.Load([]scenario.Watched{s.start()})
		got = append(got, line(5*time.Second))
		columns.Store(40)
		got = append(got, line(redraw))
		fmt.Fprintln(screen, "a message")
		got = append(got, out.take(), line(redraw))
		over()
		stop()
		got = append(got, out.take())
		screen.End()
		screen.Show("late")
		got = append(got, out.take())
		want := []string{
			"graceful, run 2 of 2: setting up: start gateways",
			"\r\033[Kgraceful, run 2 of 2: 20 %, 20s left, 100/s asked, 100/s sent, 0 lost",
			"\r\033[1A\033[J20 %, 20s left, 100/s sent, 0 lost",
			"\r\033[Ka message\n",
			"21 %, 20s left, 100/s sent, 0 lost",
			"\r\033[K", "",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestLine: what is left out on a narrow terminal, and what is never.
func TestLine(t *testing.T) {
	one := figures{percent: 42, left: 5500 * time.Millisecond, asked: 5000, sent: 4998.4, lost: 1234}
	kept := figures{stream: "kept", percent: 40, left: 7 * time.Second, asked: 0, sent: 2.25}
	named := one
	named.stream = "new"
	for name, tc := range map[string]struct {
		view view
		want map[int]string
	}{
		"nothing": {view{}, map[int]string{80: ""}},
		"set-up": {view{run: "abrupt", doing: "setting up: start 3 gateways"}, map[int]string{
			80: "abrupt: setting up: start 3 gateways", 20: "abrupt: setting up:…",
		}},
		"plain": {view{loads: []figures{one}}, map[int]string{
			80: "42 %, 6s left, 5,000/s asked, 4,998/s sent, 1,234 lost",
			50: "42 %, 6s left, 4,998/s sent, 1,234 lost",
			30: "42 %, 6s left, 1,234 lost", 20: "42 %, 1,234 lost", 10: "42 %, 1,2…",
		}},
		"step": {view{run: "abrupt, run 1 of 2", loads: []figures{one}, steps: "scale gateway 3 → 1 (abrupt)"}, map[int]string{
			120: "abrupt, run 1 of 2: 42 %, 6s left, 5,000/s asked, 4,998/s sent, 1,234 lost; scale gateway 3 → 1 (abrupt)",
			90:  "abrupt, run 1 of 2: 42 %, 6s left, 4,998/s sent, 1,234 lost; scale gateway 3 → 1 (abrupt)",
			79:  "abrupt, run 1 of 2: 42 %, 6s left, 4,998/s sent, 1,234 lost; scale gateway 3 →…",
			60:  "abrupt, run 1 of 2: 42 %, 6s left, 1,234 lost; scale gatewa…",
			56:  "42 %, 6s left, 4,998/s sent, 1,234 lost; scale gateway …",
			40:  "42 %, 6s left, 4,998/s sent, 1,234 lost",
		}},
		"side by side": {view{loads: []figures{named, kept}}, map[int]string{
			100: "40 %, 7s left: new 5,000/s asked, 4,998/s sent, 1,234 lost | kept 2.3/s sent, 0 lost",
			75:  "40 %, 7s left: new 4,998/s sent, 1,234 lost | kept 2.3/s sent, 0 lost",
			60:  "40 %, 7s left, 5,001/s sent, 1,234 lost",
		}},
	} {
		for columns, want := range tc.want {
			if got := tc.view.line(columns, fit); got != want {
				t.Errorf("%s in %d columns: got\n%s, want\n%s", name, columns, got, want)
			}
		}
		for columns := 1; columns < 150; columns++ {
			if got := utf8.RuneCountInString(tc.view.line(columns, fit)); got > columns {
				t.Errorf("%s in %d columns: %d", name, columns, got)
			}
		}
	}
}

// TestPlan: what is sent, in words, also of one request.
func TestPlan(t *testing.T) {
	for want, settings := range map[string]record.Settings{
		"sending 1 POST request to http://h/ from 1 worker":                {URL: "http://h/", Method: "POST", Requests: 1, Workers: 1},
		"sending 2,500 GET requests to http://h/ at 100/s from 10 workers": paced,
		"sending GET requests to http://h/ for 1m from 2 workers":          {URL: "http://h/", Duration: time.Minute, Workers: 2, Requests: 1},
	} {
		if got := (&load{settings: settings}).plan(); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

// TestState: no load is shown beyond its plan, nor as done before it is.
func TestState(t *testing.T) {
	for name, tc := range map[string]struct {
		p    record.Progress
		want string
	}{
		"not begun":              {record.Progress{Planned: 200}, "0 %"},
		"no response yet":        {record.Progress{Planned: 200, Started: 50, Elapsed: 20 * time.Second}, "0 %"},
		"half":                   {record.Progress{Planned: 200, Started: 110, Finished: 100, Elapsed: 2 * time.Second}, "50 %, 2s left"},
		"all but one":            {record.Progress{Planned: 20000, Started: 19999, Finished: 19999, Elapsed: 100 * time.Second}, "99 %, 1s left"},
		"the last in flight":     {record.Progress{Planned: 200, Started: 200, Finished: 199, Elapsed: 9 * time.Second, Over: true}, "99 %, waiting for 1 request in flight"},
		"done":                   {record.Progress{Planned: 200, Started: 200, Finished: 200, Elapsed: 9 * time.Second, Over: true}, "100 %"},
		"held":                   {record.Progress{Planned: 200, Started: 250, Finished: 230, Elapsed: 9 * time.Second}, "100 %, until the event is over"},
		"for a time":             {record.Progress{Duration: time.Hour, Finished: 9, Started: 9, Elapsed: 10 * time.Second}, "0 %, 59m50s left"},
		"for a time, held":       {record.Progress{Duration: 10 * time.Second, Finished: 9, Started: 9, Elapsed: 12 * time.Second}, "100 %, until the event is over"},
		"for a time, draining":   {record.Progress{Duration: 10 * time.Second, Finished: 9, Started: 1019, Elapsed: 12 * time.Second, Over: true}, "100 %, waiting for 1,010 requests in flight"},
		"interrupted":            {record.Progress{Duration: time.Minute, Finished: 9, Started: 11, Elapsed: 12 * time.Second, Over: true}, "waiting for 2 requests in flight"},
		"hardly any response":    {record.Progress{Planned: 1 << 62, Started: 2, Finished: 1, Elapsed: time.Hour}, "0 %"},
		"by another client":      {record.Progress{Elapsed: time.Second}, ""},
		"another client is done": {record.Progress{Elapsed: time.Second, Over: true}, ""},
	} {
		l := &load{Watched: standing{p: tc.p}}
		f := l.figures()
		if got := f.state(); got != tc.want {
			t.Errorf("%s: got %q; want %q", name, got, tc.want)
		}
	}
}

// standing is a load that does not go on.
type standing struct {
	scenario.Watched
	p record.Progress
}

func (s standing) Progress() record.Progress { return s.p }

// TestRate: on a terminal, the rate is that of the last two seconds.
func TestRate(t *testing.T) {
	m := &meter{}
	for i := range 100 {
		at := time.Duration(i) * redraw
		sent := int64(i) * 20 // 100/s
		if at > 10*time.Second {
			sent = 1000 // then none
		}
		want := 100.0
		if at == 0 || at >= 12*time.Second {
			want = 0
		}
		if got := m.rate(at, sent); got != want && (at <= 10*time.Second || at >= 12*time.Second) {
			t.Errorf("after %v: %v/s; want %v/s", at, got, want)
		}
	}
	if len(m.seen) > int(window/redraw)+2 {
		t.Errorf("%d counts are kept", len(m.seen))
	}
}

// TestMode: other values are refused, with the nearest.
func TestMode(t *testing.T) {
	m := Auto
	for _, text := range Modes() {
		if err := m.Set(text); err != nil || m.String() != text {
			t.Errorf("%s: %v, %s", text, err, m)
		}
	}
	for text, want := range map[string]string{"plan": "want auto, plain, off; did you mean plain?", "": "want auto, plain, off", "json": "want auto, plain, off"} {
		if err := m.Set(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

// TestAtMost: of a search, the number of runs is a bound.
func TestAtMost(t *testing.T) {
	tracker := NewTracker(false, fit)
	tracker.AtMost = true
	named := scenario.Attempt{Variant: &scenario.Variant{Name: "graceful pre-stop=1.2s"}, Repetition: 2}
	tracker.Watch().Attempt(named, 4, 13)
	ended := tracker.Watch().Act(scenario.PhaseSetUp, "start gateways")
	defer ended()
	const want = "graceful pre-stop=1.2s #2, run 4 of at most 13: setting up: start gateways"
	if got := tracker.Line(80); got != want {
		t.Errorf("got %q; want %q", got, want)
	}
}
