package search

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/trials"
)

// target is safe from a place on.
type target struct {
	from   int
	steps  int
	guess  int // that the diagnosis names; -1 for none
	faulty func(nth, place int) (Seen, bool)

	made []Trial
	seen []Seen
}

func (o *target) try(_ context.Context, t Trial) (Seen, error) {
	seen := Seen{Verdict: Safe}
	if t.Place < o.from {
		seen = Seen{Verdict: Lossy, Lost: int64(o.from-t.Place) * 10, Needed: o.guess, Named: o.guess >= 0}
	}
	if o.faulty != nil {
		if fault, is := o.faulty(t.Nth, t.Place); is {
			seen = fault
		}
	}
	o.made, o.seen = append(o.made, t), append(o.seen, seen)
	return seen, nil
}

func (o *target) search(t *testing.T, confirm int) Result {
	t.Helper()
	s := &Search{Steps: o.steps, Confirm: confirm, Try: o.try}
	r, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (o *target) count(part trials.Part, place int, verdict Verdict) int {
	n := 0
	for i, t := range o.made {
		if t.Part == part && t.Place == place && o.seen[i].Verdict == verdict {
			n++
		}
	}
	return n
}

// TestEveryThreshold: wherever the smallest safe value is, and whatever the
// diagnosis says, it is found in few trials.
func TestEveryThreshold(t *testing.T) {
	const confirm = 3
	for steps := 1; steps <= 70; steps++ {
		limit := 2*math.Log2(float64(steps)) + 1
		for from := 0; from <= steps+1; from++ {
			for guess := -1; guess <= steps; guess++ {
				o := &target{from: from, steps: steps, guess: guess}
				want := Result{trials.Found, from}
				confirmed := 2 * confirm
				switch from {
				case 0:
					want.Outcome, confirmed = trials.AlwaysSafe, confirm
				case steps + 1:
					want, confirmed = Result{trials.NeverSafe, steps}, 0
				}
				if got := o.search(t, confirm); got != want {
					t.Fatalf("%d steps, safe from %d, guess %d: got %+v; want %+v", steps, from, guess, got, want)
				}
				before := len(o.made) - confirmed
				if float64(before) > limit && before > 2 {
					t.Fatalf("%d steps, safe from %d, guess %d: %d trials before the confirmation; want at most %.1f", steps, from, guess, before, limit)
				}
				o.check(t)
			}
		}
	}
}

// check checks what is promised of each trial.
func (o *target) check(t *testing.T) {
	t.Helper()
	for i, trial := range o.made {
		if trial.Nth != i+1 || trial.AtMost < trial.Nth || trial.Place < 0 || trial.Place > o.steps {
			t.Fatalf("trial %d is %+v", i+1, trial)
		}
	}
}

// TestGoodGuess: where the diagnosis is right, three trials are enough.
func TestGoodGuess(t *testing.T) {
	o := &target{from: 431, steps: 600, guess: 431}
	o.search(t, 5)
	if got := len(o.made); got != 3+10 {
		t.Errorf("%d trials: %v", got, o.made)
	}
}

// TestTurns: the value found and the one below it take turns.
func TestTurns(t *testing.T) {
	o := &target{from: 2, steps: 3, guess: 2}
	o.search(t, 3)
	var got []int
	for _, trial := range o.made {
		if trial.Part == trials.Confirm {
			got = append(got, trial.Place)
		}
	}
	want := [6]int{2, 1, 1, 2, 2, 1}
	if [6]int(got) != want {
		t.Errorf("got %v; want %v", got, want)
	}
}

// TestNoise: with a target that loses by chance, a value is only found if it lost
// nothing in its confirmation and the one below it did, and the search ends.
func TestNoise(t *testing.T) {
	const confirm = 3
	ended := map[trials.Outcome]int{}
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 1))
		steps := 1 + random.IntN(100)
		chance := random.Float64() / 3
		o := &target{from: random.IntN(steps + 2), steps: steps, guess: random.IntN(steps+2) - 1}
		o.faulty = func(int, int) (Seen, bool) {
			if random.Float64() > chance {
				return Seen{}, false
			}
			verdict := Verdict(random.IntN(3))
			return Seen{Verdict: verdict, Lost: 1 + random.Int64N(50)}, true
		}
		r := o.search(t, confirm)
		o.check(t)
		ended[r.Outcome]++
		if most := AtMost(steps, confirm); len(o.made) > most {
			t.Fatalf("seed %d: %d trials; want at most %d", seed, len(o.made), most)
		}
		if r.Outcome == trials.Found && (o.count(trials.Confirm, r.Place, Safe) < confirm || r.Place == 0 || o.count(trials.Confirm, r.Place, Lossy) > 0 || o.count(trials.Confirm, r.Place-1, Lossy) == 0) {
			t.Fatalf("seed %d: found %d in %v %v", seed, r.Place, o.made, o.seen)
		}
	}
	for _, outcome := range []trials.Outcome{trials.Found, trials.AlwaysSafe, trials.NeverSafe, trials.NotMonotone, trials.Drifting, trials.Unclear} {
		if ended[outcome] == 0 {
			t.Errorf("no search ended with %s: %v", outcome, ended)
		}
	}
}

// TestOutcomes: what a search cannot answer, it says.
func TestOutcomes(t *testing.T) {
	lossy := func(lost int64) (Seen, bool) { return Seen{Verdict: Lossy, Lost: lost}, true }
	for name, tc := range map[string]struct {
		from   int
		faulty func(nth, place int) (Seen, bool)
		want   Result
		trials int // 0 for any number
	}{
		"safe by luck, then one step above": {5, func(nth, place int) (Seen, bool) {
			if place == 5 && nth > 4 {
				return lossy(1)
			}
			return Seen{}, false
		}, Result{trials.Found, 6}, 0},
		"the losses stop": {5, func(nth, _ int) (Seen, bool) { return Seen{Verdict: Safe}, nth > 4 }, Result{trials.Drifting, 4}, 0},
		"the losses move up": {5, func(nth, place int) (Seen, bool) {
			if place < 5+nth/2 {
				return lossy(9)
			}
			return Seen{}, false
		}, Result{}, 0},
		"losses grow again": {17, func(_, place int) (Seen, bool) {
			return lossy(3 + 10*max(int64(place-4), 4-int64(place)))
		}, Result{trials.NotMonotone, 4}, 0},
		"too few":             {5, func(int, int) (Seen, bool) { return Seen{Verdict: Lossy, Lost: 1, Blind: true}, true }, Result{trials.TooFew, 0}, 1},
		"unhealthy":           {5, func(int, int) (Seen, bool) { return Seen{Unhealthy: true}, true }, Result{trials.Unhealthy, 0}, 2},
		"proves nothing":      {5, func(_, place int) (Seen, bool) { return Seen{}, place == 4 }, Result{trials.Unclear, 4}, 0},
		"proves nothing once": {5, func(nth, _ int) (Seen, bool) { return Seen{}, nth == 2 }, Result{trials.Found, 5}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			o := &target{from: tc.from, steps: 16, guess: 5, faulty: tc.faulty}
			got := o.search(t, 3)
			if tc.want == (Result{}) {
				if got.Outcome != trials.Drifting && got.Outcome != trials.NeverSafe {
					t.Errorf("got %+v", got)
				}
				return
			}
			if got != tc.want || tc.trials > 0 && len(o.made) != tc.trials {
				t.Errorf("got %+v after %d trials; want %+v", got, len(o.made), tc.want)
			}
		})
	}
}

// TestFitsIntoRecording: the longest search of one load can be read back.
func TestFitsIntoRecording(t *testing.T) {
	if got := AtMost(trials.MaxSteps, trials.MaxConfirm); got > record.MaxRuns {
		t.Errorf("%d runs; a recording has at most %d", got, record.MaxRuns)
	}
}

// TestInterrupted: after an interrupt, no trial is begun.
func TestInterrupted(t *testing.T) {
	whole := &target{from: 7, steps: 16, guess: 3}
	whole.search(t, 2)
	for at := range whole.made {
		ctx, cancel := context.WithCancel(t.Context())
		o := &target{from: 7, steps: 16, guess: 3}
		s := &Search{Steps: 16, Confirm: 2, Try: func(ctx context.Context, trial Trial) (Seen, error) {
			if trial.Nth == at+1 {
				cancel()
			}
			return o.try(ctx, trial)
		}}
		r, err := s.Run(ctx)
		if err != nil || r.Outcome != trials.Interrupted || r.Place != whole.made[at].Place || len(o.made) != at+1 {
			t.Errorf("interrupted in trial %d: got %+v, %v after %d trials", at+1, r, err, len(o.made))
		}
	}
}

// TestFails: a trial that cannot be run ends the search with its error.
func TestFails(t *testing.T) {
	broken := errors.New("no gateway")
	s := &Search{Steps: 16, Confirm: 2, Try: func(context.Context, Trial) (Seen, error) { return Seen{}, broken }}
	r, err := s.Run(t.Context())
	if !errors.Is(err, broken) || r != (Result{trials.Failed, 0}) {
		t.Errorf("got %+v, %v", r, err)
	}
}
