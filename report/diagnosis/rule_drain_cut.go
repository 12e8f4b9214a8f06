package diagnosis

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// drainCut: the balancer cut the connection at the end of its drain timeout.
type drainCut struct{}

func (drainCut) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.SomeCut && len(cutters(s, l)) > 0
}

func (drainCut) explain(s *observed.Observation, e *observed.Evidence) Finding {
	met := observed.MetBy(e.Lost, func(l *record.LostRequest) []*analysis.Lifecycle { return cutters(s, l) })
	var longest, silent int64
	for _, l := range e.Lost {
		for _, one := range cutters(s, l) {
			longest = max(longest, one.AgeAtCut(l))
		}
		if l.Class.Cause() == record.CauseTimeout {
			silent++
		}
	}
	needed, least := max(longest, s.Responses.Max), longest >= s.Responses.Max
	byCut := func(a, b *analysis.Lifecycle) int { return cmp.Compare(a.Cut, b.Cut) }
	f := Finding{
		Title: phrase.Counted(int64(len(e.Lost)), "request in flight was cut when the load balancer cut its connection", "requests in flight were cut when the load balancer cut their connections") +
			" at the end of its drain timeout",
		Confidence: Shown,
		Measured:   longest,
		Needed:     needed,
		Evidence: []string{
			e.What(),
			fmt.Sprintf("the first cut was at %s; %s", phrase.Moment(slices.MinFunc(met, byCut).Cut), s.Where(e)),
			fmt.Sprintf("the longest had been in flight for %s at the cut", phrase.Duration(longest)),
		},
	}
	if s.Responses.Count > 0 {
		f.Evidence[2] += "; the slowest response of the run took " + phrase.Duration(s.Responses.Max)
	}
	f.Remedies, f.Settings = drainLonger(needed, least)
	if after := analysis.DrainedFor(met); after != analysis.Unknown {
		f.Title += fmt.Sprintf(", %s after it had removed %s", phrase.Duration(after), observed.EndpointNames(met))
	}
	if silent > 0 {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, fmt.Sprintf("%s of them got neither a response nor a reset: they were in flight at the cut, and timed out later", phrase.Number(silent)))
	}
	if slices.ContainsFunc(e.Lost, func(l *record.LostRequest) bool { return endsNear(s, l) }) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "a process exited or was killed at about that time, too: the endpoints share one address, so it is not known which of them cut a request")
	}
	orCrashed(s, e, &f)
	return f
}

// cutters returns the lifecycles whose connections the balancer cut, if that
// can have lost the request.
func cutters(s *observed.Observation, l *record.LostRequest) []*analysis.Lifecycle {
	var pause int64
	if rate := s.Run.Settings.Rate; rate > 0 {
		pause = int64(float64(time.Second) / rate)
	}
	var list []*analysis.Lifecycle
	for one := range s.Suspects(l) {
		if one.CutBy(l, s.Responses.Max, pause) {
			list = append(list, one)
		}
	}
	return list
}

// endsNear reports whether the endpoints share an address and one of them ended
// near a loss, without a cut before.
func endsNear(s *observed.Observation, l *record.LostRequest) bool {
	if s.Named(l) || !analysis.IsCut(l.Class) {
		return false
	}
	for one := range s.Suspects(l) {
		if one.EndedBeforeCut(l) {
			return true
		}
	}
	return false
}

// drainLonger returns the settings that let requests finish before a balancer
// cuts their connections, in words and as data. If least is true, they may need
// longer than need.
func drainLonger(need int64, least bool) ([]Remedy, []record.Remedy) {
	timeout := remedy.DelayFor(need)
	sec := strconv.FormatInt(remedy.WholeSeconds(timeout), 10)
	longer, more := fmt.Sprintf("set the load balancer's drain timeout to %s or more: it must be longer than the slowest request, and the process must live that long", remedy.Short(timeout)), ""
	if least {
		longer = fmt.Sprintf("set the load balancer's drain timeout to more than %s: how long the slowest request takes is not known; the process must live that long", remedy.Above(need))
		more = " or more"
	}
	list := []Remedy{{"any", longer}, {inLab, "--drain-timeout " + remedy.Short(timeout) + more + ", or 0 for no limit"}}
	data := []record.Remedy{{Object: inLab, Setting: "--drain-timeout", Value: remedy.Short(timeout), AtLeast: least}}
	for _, r := range [...]Remedy{
		{"AWS load balancer", "deregistration_delay.timeout_seconds"},
		{"Google Cloud", "connectionDraining.drainingTimeoutSec"},
		{"Azure Application Gateway", "appgw.ingress.kubernetes.io/connection-draining-timeout"},
	} {
		list = append(list, Remedy{r.Where, r.Setting + ": " + sec + more})
		data = append(data, record.Remedy{Object: r.Where, Setting: r.Setting, Value: sec, AtLeast: least})
	}
	value, note := remedy.ASMSeconds(remedy.WholeSeconds(timeout), oldASMMost)
	asm := "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout: " + strconv.Quote(value+note)
	return append(list, Remedy{"ASM before 1.26", asm}), data
}
