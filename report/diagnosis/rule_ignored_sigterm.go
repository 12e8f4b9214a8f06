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
	return analysis.IsCut(l.Class) && analysis.SomeKilled(s.lifecycles) && len(s.ignorers(l)) > 0
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
		Remedies: slices.Clone(heedSignal),
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
	for _, one := range killed {
		if !one.Ignored(s.seen, s.probeGap(1)) {
			return nil
		}
	}
	return killed
}

// notHeeded says which processes ignored which signal, and for how long.
func notHeeded(met []*analysis.Lifecycle) string {
	signal := met[0].StopSignal()
	for _, one := range met {
		if one.StopSignal() != signal {
			signal = "the stop signal"
		}
	}
	return fmt.Sprintf("%s did not heed %s within %s grace period of %s",
		endpointNames(met), signal, phrase.Choose(int64(len(met)), "its", "their"), phrase.Duration(analysis.GraceGiven(met)))
}

// heedSignal is what makes a process end when it is told to.
var heedSignal = []Remedy{
	{"any", "handle the stop signal in the process: stop accepting connections, finish the requests in flight, then exit; as PID 1 of a container, a process has no default handler"},
	{"Docker", "run the process under an init (docker run --init, or tini as ENTRYPOINT): then SIGTERM at least ends it, though without finishing its requests"},
	{"Docker", `write CMD and ENTRYPOINT in exec form, ["app", "-flag"]: the shell of the other form is PID 1 and passes no signal on`},
	{"Docker", "set STOPSIGNAL if the process shuts down on another signal"},
}
