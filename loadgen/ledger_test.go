package loadgen_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

// ledger holds both sides of one run, by class or "ok": what the server did,
// and what the tool reported. Both sides must be equal, except for aborted
// requests and for one thing that a server cannot see: a request that is
// written to a connection before the client knows of its RST is discarded
// unread. For the client that is wait.reset on a reused connection, at most
// once for each OKThenRST.
type ledger struct {
	made, told map[string]faultserver.Count
	aborted    faultserver.Count
	unread     faultserver.Count // maximum number of requests lost to that race
	unseen     int64             // started, but not in made
}

func newLedger(run *record.Run, counts faultserver.Counts) *ledger {
	l := &ledger{made: map[string]faultserver.Count{}, told: map[string]faultserver.Count{}, unseen: run.Counts.Started}
	same := contractGroups()
	for kind, n := range counts.ByKind {
		name := "ok"
		if classes := contracted(kind, schemeOf(run)); len(classes) > 0 {
			name = same.of(classes[0])
		}
		l.make(name, n)
	}
	for fault, n := range counts.Handshakes {
		if fault != faultserver.HandshakeOK {
			l.make(same.of(handshakeContract[fault]), faultserver.Count{Fresh: n})
		}
	}
	// The EOF was already waiting for the client's next read.
	l.make(same.of("wait.eof"), faultserver.Count{Reused: counts.AfterFIN})
	for _, o := range run.Outcomes {
		l.tell(same, o)
	}
	afterRST := counts.ByKind[faultserver.OKThenRST]
	l.unread.Reused = afterRST.Fresh + afterRST.Reused
	return l
}

func (l *ledger) make(name string, n faultserver.Count) {
	sum := l.made[name]
	l.made[name] = faultserver.Count{Fresh: sum.Fresh + n.Fresh, Reused: sum.Reused + n.Reused}
	l.unseen -= n.Fresh + n.Reused
}

func (l *ledger) tell(same groups, o record.Outcome) {
	name := "ok"
	switch o.Fate {
	case "aborted":
		add(&l.aborted, o)
		return
	case "lost", "spoiled":
		name = same.of(o.Class.String())
	}
	n := l.told[name]
	add(&n, o)
	l.told[name] = n
}

// problems lists the differences between the two sides, which must agree exactly.
//
// A request that was in flight when the run was stopped is aborted. The server
// may have handled it, or never have read it. So the tool may have reported
// less than the server made, by at most the number aborted, but never more.
// Without aborted requests, both numbers must be equal.
func (l *ledger) problems(workers int) []string {
	var found []string
	aborted := l.aborted.Fresh + l.aborted.Reused
	if aborted > int64(workers) {
		found = append(found, fmt.Sprintf("%d aborted; %d workers have one request in flight each", aborted, workers))
	}
	if most := aborted + l.unread.Reused; l.unseen < 0 || l.unseen > most {
		found = append(found, fmt.Sprintf("%d requests that the server did not see; want 0 to %d", l.unseen, most))
	}
	found = append(found, l.sideProblems("fresh", func(n faultserver.Count) int64 { return n.Fresh })...)
	return append(found, l.sideProblems("reused", func(n faultserver.Count) int64 { return n.Reused })...)
}

// sideProblems does this for requests on fresh connections, or on reused ones.
func (l *ledger) sideProblems(side string, of func(faultserver.Count) int64) []string {
	var found []string
	names := maps.Clone(l.made)
	maps.Copy(names, l.told)
	unread, missing := contractGroups().of("wait.reset"), int64(0)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		made, told, extra := of(l.made[name]), of(l.told[name]), int64(0)
		if name == unread {
			extra = of(l.unread)
		}
		if told > made+extra {
			found = append(found, fmt.Sprintf("%s, %s: the tool counted %d; the server made %d", name, side, told, made))
		}
		missing += max(0, made-told)
	}
	if aborted := of(l.aborted); missing > aborted {
		found = append(found, fmt.Sprintf("%s: the server made %d that the tool did not count; it aborted %d", side, missing, aborted))
	}
	return found
}

// groups joins classes between which only timing decides: each maps to its
// group's first class, directly or through others.
type groups map[string]string

func contractGroups() groups {
	g := groups{}
	for _, kind := range faultserver.Kinds() {
		g.join(contract[kind])
		g.join(contractOfTLS[kind])
	}
	return g
}

// of is the class that represents the group.
func (g groups) of(class string) string {
	for g[class] != "" {
		class = g[class]
	}
	return class
}

func (g groups) join(classes []string) {
	for _, c := range classes {
		if first, other := g.of(classes[0]), g.of(c); first != other {
			g[other] = first
		}
	}
}

// TestLedger tests the ledger itself. The server has answered 10 requests on
// fresh connections, and done one other thing.
func TestLedger(t *testing.T) {
	type count = faultserver.Count
	counts := func(kind faultserver.Kind, n count) faultserver.Counts {
		return faultserver.Counts{ByKind: map[faultserver.Kind]count{faultserver.OK: {Fresh: 10}, kind: n}}
	}
	cut := counts(faultserver.EOFInBody, count{Fresh: 1, Reused: 2})
	afterFIN := counts(faultserver.OKThenFIN, count{Fresh: 1})
	afterFIN.AfterFIN = 1
	afterRST := counts(faultserver.OKThenRST, count{Fresh: 1})
	handshake := counts(faultserver.Interim, count{})
	handshake.Handshakes = map[faultserver.HandshakeFault]int64{faultserver.HandshakeOK: 10, faultserver.HandshakeEOF: 1}
	tests := map[string]struct {
		server   faultserver.Counts
		tool     tally
		problems int
	}{
		"agreed":                    {cut, tally{"ok": {10, 0}, "body.eof": {1, 2}}, 0},
		"fault counted as ok":       {cut, tally{"ok": {11, 0}, "body.eof": {0, 2}}, 2},
		"another class":             {cut, tally{"ok": {10, 0}, "body.eof": {0, 2}, "wait.eof": {1, 0}}, 2},
		"fresh for reused":          {cut, tally{"ok": {10, 0}, "body.eof": {2, 1}}, 2},
		"sent twice":                {cut, tally{"ok": {10, 0}, "body.eof": {1, 1}}, 2},
		"invented":                  {cut, tally{"ok": {10, 0}, "body.eof": {2, 2}}, 2},
		"aborted, yet treated":      {cut, tally{"ok": {9, 0}, "body.eof": {1, 1}, "": {1, 1}}, 0},
		"aborted, never seen":       {cut, tally{"ok": {10, 0}, "body.eof": {1, 2}, "": {1, 1}}, 0},
		"aborted, and one hidden":   {cut, tally{"ok": {10, 0}, "body.eof": {1, 0}, "": {0, 1}}, 2},
		"aborted hides no fresh":    {cut, tally{"ok": {10, 0}, "body.eof": {0, 2}, "": {0, 1}}, 1},
		"more aborted than workers": {cut, tally{"ok": {10, 0}, "body.eof": {1, 2}, "": {5, 0}}, 1},
		"written after a FIN":       {afterFIN, tally{"ok": {11, 0}, "wait.eof": {0, 1}}, 0},
		"after a FIN, unsaid":       {afterFIN, tally{"ok": {11, 0}}, 2},
		"thrown away by a RST":      {afterRST, tally{"ok": {11, 0}, "wait.reset": {0, 1}}, 0},
		"more of them than RSTs":    {afterRST, tally{"ok": {11, 0}, "wait.reset": {0, 2}}, 2},
		"no RST to blame":           {afterFIN, tally{"ok": {11, 0}, "wait.eof": {0, 1}, "wait.reset": {0, 1}}, 2},
		"handshake":                 {handshake, tally{"ok": {10, 0}, "tls.eof": {1, 0}}, 0},
		"handshake, unsaid":         {handshake, tally{"ok": {10, 0}}, 2},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := newLedger(runOf(t, tc.tool), tc.server).problems(4); len(got) != tc.problems {
				t.Errorf("got %q; want %d problems", got, tc.problems)
			}
		})
	}
}

// tally counts requests on fresh and on reused connections, by class, "ok", or
// "" for aborted.
type tally map[string][2]int64

func runOf(t *testing.T, outcomes tally) *record.Run {
	t.Helper()
	run := &record.Run{}
	for name, n := range outcomes {
		o := record.Outcome{Fate: "lost"}
		switch name {
		case "ok":
			o.Fate = "ok"
		case "":
			o.Fate = "aborted"
		default:
			if err := o.Class.UnmarshalText([]byte(name)); err != nil {
				t.Fatal(err)
			}
		}
		fresh, reused := o, o
		fresh.Count, reused.Count, reused.Reused = n[0], n[1], true
		run.Outcomes = append(run.Outcomes, fresh, reused)
		run.Counts.Started += n[0] + n[1]
	}
	return run
}

func TestContractGroups(t *testing.T) {
	g := groups{}
	for _, classes := range [][]string{nil, {"a"}, {"b", "c"}, {"d", "e"}, {"c", "d"}, {"b", "e"}} {
		g.join(classes)
	}
	for class, want := range map[string]string{"a": "a", "b": "b", "c": "b", "d": "b", "e": "b"} {
		if got := g.of(class); got != want {
			t.Errorf("%s is in the group of %s; want %s", class, got, want)
		}
	}
}
