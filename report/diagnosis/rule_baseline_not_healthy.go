package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/analysis/baseline"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// baselineNotHealthy: the request was lost before anything was done to the
// target, or in a way that was as frequent then.
type baselineNotHealthy struct{}

// matches leaves errors to upstreamIdleTimeout that come in normal operation: it
// names a cause that this rule does not know.
func (baselineNotHealthy) matches(s *observed.Observation, l *record.LostRequest) bool {
	return (l.End < s.Before || steady(s, l)) && s.Errors.KindOf(l) != errorshape.Scattered
}

// steady reports whether a loss is one of a class that the event made no more
// frequent. Marks that name its endpoint and explain it outweigh that: a few
// losses of the event can be too few to show in the rate.
func steady(s *observed.Observation, l *record.LostRequest) bool {
	c := s.Loss.Baseline.Class(l.Class)
	if c == nil || c.Outcome != baseline.Steady || s.Errors.ByMarks(l) {
		return false
	}
	if a := s.Shapes.ArrivalOf(l); a != nil && a.Marked {
		return false
	}
	if o := s.Shapes.OutageOf(l); o != nil && o.Marked() {
		return false
	}
	explicable := analysis.IsRefusal(l.Class) || analysis.IsCut(l.Class)
	return !explicable || !s.Named(l) || s.CrashOf(l) == nil && !leaving(s, l)
}

func (baselineNotHealthy) explain(s *observed.Observation, e *observed.Evidence) Finding {
	f := Finding{
		Title:      phrase.Counted(int64(len(e.Lost)), "request was", "requests were") + " lost before anything was done to the target",
		Confidence: Shown,
		Evidence:   []string{e.What(), fmt.Sprintf("%s; the first mark is at %s; %s", e.When(), phrase.Moment(s.Loss.Baseline.Until), s.Where(e))},
		Remedies:   []Remedy{{"any", "fix what fails without the event first: its losses cannot be told apart from those of the event"}},
	}
	if after := afterwards(s, e); after.Lost > 0 {
		alike(s, &f, after.Classes)
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of these losses came before %s, %d after", int64(len(e.Lost))-after.Lost, eventName(s), after.Lost))
	}
	for i := range s.Loss.Baseline.Classes {
		if c := &s.Loss.Baseline.Classes[i]; c.Outcome == baseline.Added && c.Before.Lost > 0 {
			f.Evidence = append(f.Evidence, fmt.Sprintf("%s: the event added %s", phrase.Rates(c, eventName(s)), phrase.Counted(c.Added, "loss", "losses")))
		}
	}
	return f
}

// mostAlike is up to which ratio two rates count as the same, if too few losses
// came to be sure.
const mostAlike = 1.25

// eventName says what the baseline ends with.
func eventName(s *observed.Observation) string {
	if s.Loss.Event.Known {
		return "the event"
	}
	return "the first mark"
}

// afterwards counts the losses that came after the baseline, by class.
func afterwards(s *observed.Observation, e *observed.Evidence) analysis.Window {
	w := analysis.Window{}
	for _, l := range e.Lost {
		if l.End >= s.Before {
			w.Lost++
			w.AddClass(l.Class, 1)
		}
	}
	return w
}

// alike says of losses after the baseline that they were as frequent in it.
func alike(s *observed.Observation, f *Finding, after []record.BinLoss) {
	verdict := ": not caused by it"
	for i, a := range after {
		c := s.Loss.Baseline.Class(a.Class)
		text := phrase.Rates(c, eventName(s))
		if i == 0 {
			f.Title = text
		} else {
			f.Evidence = append(f.Evidence, text)
		}
		if c.Sure {
			continue
		}
		if f.Confidence == Shown {
			f.Confidence = Likely
		}
		if c.After.Rate() > mostAlike*c.Before.Rate() {
			f.Confidence, verdict = CannotTell, ": no more frequent than chance explains"
		}
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s before it: too few to rule out that %s became twice as frequent", phrase.Counted(c.Before.Lost, "loss", "losses"), a.Class))
	}
	f.Title += verdict
	f.Remedies = []Remedy{{"any", "fix what fails without the event: until then, no run can show that nothing is lost"}}
}
