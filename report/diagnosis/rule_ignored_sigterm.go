package diagnosis

import (
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/phrase"
)

// ignoredSIGTERM: the process was killed at the end of its grace period with the
// request in flight, and had gone on accepting connections since the signal.
type ignoredSIGTERM struct{}

func (ignoredSIGTERM) matches(s *observation, l *record.LostRequest) bool {
	return analysis.IsCut(l.Class) && s.someKilled() && len(s.ignorers(l)) > 0
}

// someKilled reports whether any endpoint was killed. In most runs none was, and
// no loss needs a closer look.
func (s *observation) someKilled() bool {
	return slices.ContainsFunc(s.lifecycles, func(one analysis.Lifecycle) bool { return one.Killed != analysis.Unknown })
}

func (ignoredSIGTERM) explain(s *observation, e *evidence) Finding {
	met := metBy(e.lost, s.ignorers)
	f := Finding{
		Title: phrase.Counted(int64(len(e.lost)), "request in flight was cut when its process was killed: ", "requests in flight were cut when their process was killed: ") +
			notHeeded(met),
		Confidence: Shown,
		Measured:   e.longest,
		Evidence: []string{
			e.what(),
			e.when() + "; " + s.where(e),
			endpointNames(met) + " went on accepting connections from the stop signal to the kill: a longer grace period would only delay the kill",
			s.underWay(e),
		},
		Remedies: heedSignal(),
	}
	s.sureOf(e, &f)
	s.orCrashed(e, &f)
	f.Evidence = append(f.Evidence, shutdownsOf(met)...)
	return f
}

// ignorers returns the killed lifecycles that can have cut the request, if all
// of them had ignored the stop signal.
func (s *observation) ignorers(l *record.LostRequest) []*analysis.Lifecycle {
	killed := s.killers(l)
	if slices.ContainsFunc(killed, func(one *analysis.Lifecycle) bool { return !s.ignored(one) }) {
		return nil
	}
	return killed
}

// ignored reports whether it is known that a killed process had ignored the
// stop signal: its listener closed no earlier than with the kill or, if no mark
// shows when it closed, it accepted a connection shortly before the kill.
func (s *observation) ignored(one *analysis.Lifecycle) bool {
	switch {
	case one.Killed == analysis.Unknown, one.Signalled == analysis.Unknown, one.Killed-one.Signalled <= analysis.Near:
		return false
	case one.ListenerClosed != analysis.Unknown:
		return one.ListenerClosed >= one.Killed-analysis.Near
	}
	shortly := max(analysis.Near, s.probeGap(1))
	for _, name := range [...]string{one.Endpoint, one.Address()} {
		if e, ok := s.seen[name]; ok && e.LastConnect > one.Signalled && analysis.Within(e.LastConnect, one.Killed-shortly, one.Killed) {
			return true
		}
	}
	return false
}

// notHeeded says which processes ignored which signal, and for how long.
func notHeeded(met []*analysis.Lifecycle) string {
	grace, signal := int64(analysis.Unknown), ""
	for _, one := range met {
		begin := one.Terminating
		if begin == analysis.Unknown {
			begin = one.Signalled
		}
		if d := one.Killed - begin; grace == analysis.Unknown || d < grace {
			grace = d
		}
		switch name := stopSignal(one); signal {
		case "", name:
			signal = name
		default:
			signal = "the stop signal"
		}
	}
	return fmt.Sprintf("%s did not heed %s within %s grace period of %s", endpointNames(met), signal, phrase.Choose(int64(len(met)), "its", "their"), phrase.Duration(grace))
}

func stopSignal(one *analysis.Lifecycle) string {
	if one.Shutdown != nil && one.Shutdown.Signal != "" {
		return one.Shutdown.Signal
	}
	return "SIGTERM"
}

// heedSignal returns what makes a process end when it is told to.
func heedSignal() []Remedy {
	return []Remedy{
		{"any", "handle the stop signal in the process: stop accepting connections, finish the requests in flight, then exit; as PID 1 of a container, a process has no default handler"},
		{"Docker", "run the process under an init (docker run --init, or tini as ENTRYPOINT): then SIGTERM at least ends it, though without finishing its requests"},
		{"Docker", `write CMD and ENTRYPOINT in exec form, ["app", "-flag"]: the shell of the other form is PID 1 and passes no signal on`},
		{"Docker", "set STOPSIGNAL if the process shuts down on another signal"},
	}
}
