package cli

import (
	"flag"
	"fmt"
	"math/rand"
	"regexp"
	"slices"
	"testing"

	"nodrop/loadgen/cli/clitest"
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis"
)

var (
	calibrateRuns  = flag.Int("calibrate.runs", 0, "real runs with a known cause; 0 = a few, with small servers and gateways")
	calibrateKinds = flag.String("calibrate.kinds", "", "only kinds of run whose name matches this regular expression")
	calibrateSeed  = flag.Int64("calibrate.seed", 1, "what draws their causes and numbers")
)

// lossKind is how a request was lost, coarsely: what one cause does to requests
// tells it from the other causes of the same run.
type lossKind int

const (
	refusals lossKind = 1 << iota // no connection
	cuts                          // closed or reset on the way
	silences                      // nothing came in time
	errs                          // an error response
)

func kindOf(class record.Class) lossKind {
	switch {
	case class.Status() != 0:
		return errs
	case analysis.IsRefusal(class):
		return refusals
	case analysis.IsCut(class):
		return cuts
	case class.Cause() == record.CauseTimeout:
		return silences
	}
	return 0
}

// cause is a true cause of a run, and the kinds of loss that it explains.
type cause struct {
	code diagnosis.Code
	of   lossKind
}

// drawn is what one real run is about.
type drawn struct {
	on     string   // what it ran on, if that was drawn
	causes []cause  // what was done; none: nothing may be lost
	also   []cause  // what is true beside that
	args   []string // of nodrop
	// scant: marks and losses do not suffice to tell the cause.
	scant bool
	// inNamespace: the run has a network of its own, with only the loopback.
	inNamespace bool
}

// stopping are causes that come with every stop: what waits in the accept queue
// when a listener closes is reset, and what a server has only just accepted ends
// with its process.
var stopping = []cause{{diagnosis.CutAtExit, cuts}, {diagnosis.AcceptQueueReset, cuts}}

// symptoms are the codes that name what was seen, and no cause.
var symptoms = []diagnosis.Code{diagnosis.Refused, diagnosis.CutInFlight, diagnosis.GatewayError, diagnosis.PacketsDropped, diagnosis.Hung, diagnosis.Unexplained}

// harmless are the codes that say how much a run proves, and that it was slower:
// a machine that does something else at the time makes any of them true.
var harmless = []diagnosis.Code{
	diagnosis.SlowerDuring, diagnosis.DetailsIncomplete, diagnosis.LoadEndedEarly, diagnosis.EventNotSeen, diagnosis.TooLittleExposure, diagnosis.OwnLimit,
}

// tally counts how often findings name the cause.
type tally struct {
	lossy, whole, cannot                   int // runs
	shown, likely, wrongShown, wrongLikely int // findings
}

// TestCalibrate: real servers and gateways lose requests for a known cause, and
// no finding that is shown names another one. Of many runs, which
// -calibrate.runs asks for, of those that are likely, at most 5 % do, and no
// finding names the cause in at most 10 % of the runs, where marks and losses
// suffice for that. What is expected of a run
// follows from how it was made.
func TestCalibrate(t *testing.T) {
	clitest.NeedsTime(t)
	program := clitest.Build(t)
	rng := rand.New(rand.NewSource(*calibrateSeed))
	t.Logf("seed %d", *calibrateSeed)
	var counts tally
	for i, kind := range kindsToDraw(t, rng) {
		seed := rng.Int63()
		t.Run(fmt.Sprint(i, " ", kind.name), func(t *testing.T) {
			d := kind.draw(&site{t: t, Rand: rand.New(rand.NewSource(seed))})
			if d.on != "" {
				t.Log(d.on)
			}
			counts.add(t, d, perform(t, program, &d))
		})
	}
	t.Logf("%d runs with losses, %d without; %d findings shown, %d of them wrong; %d likely, %d of them wrong; %d could not tell",
		counts.lossy, counts.whole, counts.shown, counts.wrongShown, counts.likely, counts.wrongLikely, counts.cannot)
	counts.check(t)
}

// runKind is a kind of run. Each run draws its numbers.
type runKind struct {
	name string
	few  bool // it is one of the few runs that are made if no number is given
	draw func(*site) drawn
}

// kindsToDraw returns the kinds of the runs, in order.
func kindsToDraw(t *testing.T, rng *rand.Rand) []runKind {
	t.Helper()
	wanted, err := regexp.Compile(*calibrateKinds)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.DeleteFunc(slices.Concat(serverKinds, gatewayKinds), func(k runKind) bool {
		return !wanted.MatchString(k.name) || *calibrateRuns == 0 && !k.few
	})
	if len(all) == 0 {
		t.Fatalf("no kind of run matches %q", *calibrateKinds)
	}
	if *calibrateRuns == 0 {
		return all
	}
	var list []runKind
	for range *calibrateRuns {
		list = append(list, all[rng.Intn(len(all))])
	}
	return list
}

// perform makes the run of a draw.
func perform(t *testing.T, program string, d *drawn) *record.Run {
	t.Helper()
	args := d.args
	if d.inNamespace {
		clitest.NeedsNamespaces(t)
		args = append([]string{"--net", "sh", "-c", `ip link set lo up && exec "$0" "$@"`, program}, args...)
		program = "unshare"
	}
	o := clitest.Run(t, program, args...)
	if len(o.Runs) != 1 {
		t.Fatalf("%d runs recorded; want one", len(o.Runs))
	}
	return o.Runs[0]
}

// add counts the findings of a run. One that is shown and wrong is an error.
func (c *tally) add(t *testing.T, d drawn, run *record.Run) {
	figures := analysis.Of(run)
	named := false // some finding names a cause
	for _, f := range diagnosis.Of(run, &figures.Loss) {
		if slices.Contains(harmless, f.Code) {
			continue
		}
		t.Logf("%s, %d lost, %s: %s", f.Code, f.Lost, f.Confidence, f.Title)
		right, listed := d.explains(run, &f), slices.ContainsFunc(d.causes, func(of cause) bool { return of.code == f.Code })
		if f.Confidence == diagnosis.CannotTell || slices.Contains(symptoms, f.Code) && !listed {
			continue
		}
		named = named || right && listed
		c.judge(t, &f, right)
	}
	if run.Counts.Lost == 0 {
		t.Log("nothing was lost")
		c.whole++
		return
	}
	c.lossy++
	if !named && len(d.causes) > 0 && !d.scant {
		t.Log("no finding names the cause")
		c.cannot++
	}
}

// explains reports whether a finding names a true cause: one that explains so
// many losses of their kind.
func (d *drawn) explains(run *record.Run, f *diagnosis.Finding) bool {
	var of lossKind
	for _, c := range slices.Concat(d.causes, d.also, stopping) {
		if c.code == f.Code && len(d.causes) > 0 {
			of |= c.of
		}
	}
	n := int64(0)
	for i := range run.Lost {
		if kindOf(run.Lost[i].Class)&of != 0 {
			n++
		}
	}
	return of != 0 && f.Lost <= n
}

// judge counts a finding that names a cause.
func (c *tally) judge(t *testing.T, f *diagnosis.Finding, right bool) {
	if f.Confidence == diagnosis.Likely {
		c.likely++
		if !right {
			c.wrongLikely++
			t.Logf("likely, and wrong: %s: %s", f.Code, f.Title)
		}
		return
	}
	c.shown++
	if !right {
		c.wrongShown++
		t.Errorf("shown, and wrong: %s: %s", f.Code, f.Title)
	}
}

// check reports what is wrong more often than allowed. Of a few runs, shares mean
// nothing.
func (c *tally) check(t *testing.T) {
	if c.lossy == 0 {
		t.Error("no run lost anything: nothing was calibrated")
	}
	if *calibrateRuns == 0 {
		return
	}
	if c.wrongLikely*20 > c.likely {
		t.Errorf("%d of %d likely findings name a wrong cause, want 5 %% at most", c.wrongLikely, c.likely)
	}
	if c.cannot*10 > c.lossy {
		t.Errorf("in %d of %d runs no finding names the cause, want 10 %% at most", c.cannot, c.lossy)
	}
}
