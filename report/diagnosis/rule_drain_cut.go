package diagnosis

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// drainCut: the balancer cut the connection at the end of its drain timeout.
type drainCut struct{}

func (drainCut) matches(s *observation, l *record.LostRequest) bool { return len(s.cutters(l)) > 0 }

func (drainCut) explain(s *observation, e *evidence) Finding {
	met := metBy(e.lost, s.cutters)
	longest := s.longestAtCut(e)
	needed, least := max(longest, s.responses.Max), longest >= s.responses.Max
	after := drainedFor(met)
	f := Finding{
		Title: phrase.Counted(int64(len(e.lost)), "request in flight was cut when the load balancer cut its connection", "requests in flight were cut when the load balancer cut their connections") +
			" at the end of its drain timeout",
		Confidence: Shown,
		Measured:   longest,
		Needed:     needed,
		Evidence:   []string{e.what(), s.whenCut(e) + "; " + s.where(e)},
		Remedies:   drainLonger(needed, least),
		Settings:   toDrainLonger(needed, least),
	}
	if after != analysis.Unknown {
		f.Title += fmt.Sprintf(", %s after it had removed %s", phrase.Duration(after), endpointNames(met))
	}
	text := fmt.Sprintf("the longest had been in flight for %s at the cut", phrase.Duration(longest))
	if s.responses.Count > 0 {
		text += fmt.Sprintf("; the slowest response of the run took %s", phrase.Duration(s.responses.Max))
	}
	f.Evidence = append(f.Evidence, text)
	if n := silent(e); n > 0 {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, fmt.Sprintf("%d of them got neither a response nor a reset: they were in flight at the cut, and timed out later", n))
	}
	if slices.ContainsFunc(e.lost, s.endsNear) {
		f.Confidence = Likely
		f.Evidence = append(f.Evidence, "a process exited or was killed at about that time, too: the endpoints share one address, so it is not known which of them cut a request")
	}
	s.orCrashed(e, &f)
	return f
}

// cutters returns the lifecycles whose connections the balancer cut when the
// request was in flight, if that can have lost the request.
func (s *observation) cutters(l *record.LostRequest) []*analysis.Lifecycle {
	var list []*analysis.Lifecycle
	for one := range s.suspects(l) {
		if one.Cut != analysis.Unknown && s.cutAt(l, one.Cut) && !diedFirst(one, l) {
			list = append(list, one)
		}
	}
	return list
}

// cutAt reports whether a cut at a time can have lost the request. A client
// whose request is in flight may hear nothing of the cut and time out later; on
// an idle connection, the next request meets a reset.
func (s *observation) cutAt(l *record.LostRequest, at int64) bool {
	switch {
	case analysis.IsCut(l.Class) && analysis.Within(l.End, at, at):
		return true
	case analysis.BeyondConnect(l.Class) && l.Class.Cause() == record.CauseTimeout:
		return l.Start <= at && at < l.End && at-l.Start <= s.responses.Max+analysis.Near
	}
	return l.Reused && analysis.IsCut(l.Class) && analysis.Unresponded(l.Class) && l.End-l.Start <= analysis.Near &&
		l.Start >= at && l.Start <= at+s.pause()+analysis.Near
}

// pause returns how long a kept-alive connection is idle between two requests
// at most, in ns, if the responses are fast.
func (s *observation) pause() int64 {
	if s.run.Settings.Rate <= 0 {
		return 0
	}
	return int64(float64(time.Second) / s.run.Settings.Rate)
}

// diedFirst reports whether the end of the process explains a loss better than
// the cut: it came before the cut, and is nearer. An end after the cut is an
// effect of the cut: the process has nothing left to do.
func diedFirst(one *analysis.Lifecycle, l *record.LostRequest) bool {
	died := one.Exited
	if one.Killed != analysis.Unknown {
		died = one.Killed
	}
	return died != analysis.Unknown && died < one.Cut && max(died-l.End, l.End-died) < max(one.Cut-l.End, l.End-one.Cut)
}

// endsNear reports whether the endpoints share an address and one of them
// ended near a loss, before its balancer cut anything.
func (s *observation) endsNear(l *record.LostRequest) bool {
	if s.named(l) || !analysis.IsCut(l.Class) {
		return false
	}
	for one := range s.suspects(l) {
		if analysis.Within(l.End, one.Exited, one.Exited) && (one.Cut == analysis.Unknown || one.Exited < one.Cut) {
			return true
		}
	}
	return false
}

// longestAtCut returns how long the oldest request had been in flight when its
// connection was cut, in ns.
func (s *observation) longestAtCut(e *evidence) int64 {
	var longest int64
	for _, l := range e.lost {
		for _, one := range s.cutters(l) {
			longest = max(longest, min(l.End, max(one.Cut, l.Start))-l.Start)
		}
	}
	return longest
}

// whenCut says at what times the connections were cut.
func (s *observation) whenCut(e *evidence) string {
	first, last := int64(analysis.Unknown), int64(analysis.Unknown)
	for _, one := range metBy(e.lost, s.cutters) {
		if first == analysis.Unknown || one.Cut < first {
			first = one.Cut
		}
		last = max(last, one.Cut)
	}
	if first == last {
		return "cut at " + phrase.Moment(first)
	}
	return fmt.Sprintf("cut from %s to %s", phrase.Moment(first), phrase.Moment(last))
}

// silent counts the losses whose connection was cut without notice.
func silent(e *evidence) int {
	n := 0
	for _, l := range e.lost {
		if l.Class.Cause() == record.CauseTimeout {
			n++
		}
	}
	return n
}

// drainedFor returns the shortest time from the removal of an endpoint to the
// cut, in ns; Unknown if no mark shows a removal.
func drainedFor(list []*analysis.Lifecycle) int64 {
	shortest := int64(analysis.Unknown)
	for _, one := range list {
		if one.Removed == analysis.Unknown || one.Removed > one.Cut {
			continue
		}
		if d := one.Cut - one.Removed; shortest == analysis.Unknown || d < shortest {
			shortest = d
		}
	}
	return shortest
}

// drainLonger returns the settings that let requests finish before a balancer
// cuts their connections. If least is true, they may need longer than need.
func drainLonger(need int64, least bool) []Remedy {
	timeout := delayFor(need)
	sec := strconv.FormatInt(wholeSeconds(timeout), 10)
	longer, more := fmt.Sprintf("set the load balancer's drain timeout to %s or more: it must be longer than the slowest request, and the process must live that long", short(timeout)), ""
	if least {
		longer = fmt.Sprintf("set the load balancer's drain timeout to more than %s: how long the slowest request takes is not known; the process must live that long", short(time.Duration(need).Round(time.Microsecond)))
		more = " or more"
	}
	return []Remedy{
		{"any", longer},
		{"nodrop lab", "--drain-timeout " + short(timeout) + more + ", or 0 for no limit"},
		{"AWS load balancer", "target group attribute deregistration_delay.timeout_seconds = " + sec + more},
		{"Google Cloud", "BackendConfig: connectionDraining.drainingTimeoutSec: " + sec + more},
		{"Azure Application Gateway", "appgw.ingress.kubernetes.io/connection-draining-timeout: " + sec + more},
		{"ASM before 1.26", `service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout: "` + asmSeconds(wholeSeconds(timeout), oldASMMost) + `"`},
	}
}

// toDrainLonger is drainLonger as data.
func toDrainLonger(need int64, least bool) []record.Remedy {
	timeout := delayFor(need)
	sec := strconv.FormatInt(wholeSeconds(timeout), 10)
	return []record.Remedy{
		{Object: inLab, Setting: "--drain-timeout", Value: short(timeout), AtLeast: least},
		{Object: "AWS load balancer", Setting: "deregistration_delay.timeout_seconds", Value: sec, AtLeast: least},
		{Object: "Google Cloud", Setting: "connectionDraining.drainingTimeoutSec", Value: sec, AtLeast: least},
		{Object: "Azure Application Gateway", Setting: "appgw.ingress.kubernetes.io/connection-draining-timeout", Value: sec, AtLeast: least},
	}
}
