package diagnosis

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// ignoredSIGTERM: the process was killed at the end of its grace period with the
// request in flight, and had gone on serving since the signal. One that waits
// before it stops, for longer than its grace period, looks the same from
// outside: which of the two it is stays likely.
type ignoredSIGTERM struct{}

func (ignoredSIGTERM) matches(s *observed.Observation, l *record.LostRequest) bool {
	return analysis.IsCut(l.Class) && s.SomeKilled && len(ignorers(s, l)) > 0
}

func (ignoredSIGTERM) explain(s *observed.Observation, e *observed.Evidence) Finding {
	met := observed.MetBy(e.Lost, func(l *record.LostRequest) []*analysis.Lifecycle { return ignorers(s, l) })
	f := Finding{
		Title: phrase.Counted(int64(len(e.Lost)), "request in flight was cut when its process was killed: ", "requests in flight were cut when their process was killed: ") +
			notHeeded(met),
		Confidence: Likely,
		Measured:   e.Longest,
		Evidence: []string{
			e.What(),
			e.When() + "; " + s.Where(e),
			wentOn(met),
			s.UnderWay(e),
		},
		Remedies: heedSignal(),
	}
	sureOf(s, e, &f)
	orCrashed(s, e, &f)
	f.Evidence = append(f.Evidence, observed.ShutdownsOf(met)...)
	return f
}

// ignorers returns the killed lifecycles that can have cut the request, if all
// of them had gone on serving.
func ignorers(s *observed.Observation, l *record.LostRequest) []*analysis.Lifecycle {
	killed := s.Killers(l)
	for _, one := range killed {
		if !s.Listened[one] {
			return nil
		}
	}
	return killed
}

// notHeeded says which processes ignored which signal, and for how long.
func notHeeded(met []*analysis.Lifecycle) string {
	return fmt.Sprintf("%s did not heed %s within %s grace period of %s",
		observed.EndpointNames(met), stopSignal(met), phrase.Choose(int64(len(met)), "its", "their"), phrase.Duration(analysis.GraceGiven(met)))
}

// stopSignal names the signal that stopped the processes.
func stopSignal(met []*analysis.Lifecycle) string {
	signal := met[0].StopSignal()
	for _, one := range met {
		if one.StopSignal() != signal {
			return "the stop signal"
		}
	}
	return signal
}

// wentOn says what the processes did after the signal, and what that may mean.
func wentOn(met []*analysis.Lifecycle) string {
	n := int64(len(met))
	return fmt.Sprintf("%s went on accepting connections from the stop signal to the kill, and serving requests: %s the signal, or %s on purpose before %s serving, for longer than the grace period; from outside, both look the same",
		observed.EndpointNames(met), phrase.Choose(n, "it did not heed", "they did not heed"), phrase.Choose(n, "it waits", "they wait"), phrase.Choose(n, "it stops", "they stop"))
}

// mayNotHaveHeeded says which processes may have ignored the stop signal.
func mayNotHaveHeeded(met []*analysis.Lifecycle) string {
	n := int64(len(met))
	return fmt.Sprintf("%s %s killed at the end of %s grace period of %s, and may not have heeded %s",
		observed.EndpointNames(met), phrase.Choose(n, "was", "were"), phrase.Choose(n, "its", "their"), phrase.Duration(analysis.GraceGiven(met)), stopSignal(met))
}

// stoodBehind says what is known of processes that the load did not connect to.
func stoodBehind(met []*analysis.Lifecycle) string {
	n := int64(len(met))
	return fmt.Sprintf("%s listened until the kill. The load reached %s through another process, so cannot tell whether %s served until the kill, or only left a listener open while %s finished %s requests",
		observed.EndpointNames(met), phrase.Choose(n, "it", "them"), phrase.Choose(n, "it", "they"), phrase.Choose(n, "it", "they"), phrase.Choose(n, "its", "their"))
}

// heedSignal returns what makes a process end after its stop signal.
func heedSignal() []Remedy {
	return []Remedy{
		{"any", "handle the stop signal in the process: stop accepting connections, finish the requests in flight, then exit; as PID 1 of a container, a process has no default handler"},
		{"any", "if it handles the signal and waits on purpose before it stops: a grace period longer than that wait plus the slowest request, or a shorter wait"},
		{"Docker", "run the process under an init (docker run --init, or tini as ENTRYPOINT): then SIGTERM at least ends it, though without finishing its requests"},
		{"Docker", `write CMD and ENTRYPOINT in exec form, ["app", "-flag"]: the shell of the other form is PID 1 and passes no signal on`},
		{"Docker", "set STOPSIGNAL if the process shuts down on another signal"},
	}
}
