package diagnosis

import (
	"fmt"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// graceTimer: some time after its stop signal, the process itself cut what it
// still had open, and lived on.
type graceTimer struct{}

func (graceTimer) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.Shapes.TimerOf(l) != nil
}

func (graceTimer) explain(s *observed.Observation, e *observed.Evidence) Finding {
	needed, least := s.Need(e)
	shortest, lived, named, exits := s.Shapes.TimerOf(e.Lost[0]).After(), true, true, int64(0)
	for _, l := range e.Lost {
		t := s.Shapes.TimerOf(l)
		shortest, lived, named, exits = min(shortest, t.After()), lived && t.Lived, named && t.Named, max(exits, t.Exits)
	}
	f := Finding{
		Title:      fmt.Sprintf("%s cut together %s after the stop signal", phrase.Counted(int64(len(e.Lost)), "request in flight was", "requests in flight were"), phrase.Duration(shortest)),
		Confidence: Likely,
		Measured:   shortest,
		Needed:     needed,
		Evidence:   []string{e.What(), e.When() + "; " + s.Where(e), noSingleLimit(s, e), s.UnderWay(e)},
	}
	f.Remedies, f.Settings = ownShutdownTimeout(needed, least)
	switch {
	case !named:
		f.Confidence, f.Code = CannotTell, CutInFlight
		f.Evidence = append(f.Evidence, "cannot tell whether the server's own shutdown timeout was over or a load balancer in front cut the connections at the end of its drain timeout: no mark names the address")
		drain, data := drainLonger(needed, least)
		f.Remedies, f.Settings = append(f.Remedies, drain...), append(f.Settings, data...)
	case lived:
		f.Title += ": the server's own shutdown timeout was over"
		f.Evidence = append(f.Evidence, livedOn(exits))
	default:
		f.Confidence, f.Code = CannotTell, CutInFlight
		f.Evidence = append(f.Evidence, "cannot tell whether the process exited then or only cut its connections: no mark shows when it exited; either way, it gave up on them after that time")
	}
	return f
}

// livedOn says what the process did after the cut.
func livedOn(exits int64) string {
	if exits > 0 {
		return "the process served nothing after that, and exited " + phrase.Duration(exits) + " later: the cut was part of its shutdown"
	}
	return "the process lived on after that: it was not its exit that cut them"
}

// noSingleLimit says why no limit for a single request cut them.
func noSingleLimit(s *observed.Observation, e *observed.Evidence) string {
	ages := s.Shapes.AgesOf(e.Lost)
	under := fmt.Sprintf("they had been in flight for %s to %s: ", phrase.Duration(ages.Least), phrase.Duration(ages.Most))
	switch {
	case ages.Mixed():
		return under + "no limit for a single request cuts at such different ages"
	case ages.Most+s.Shapes.RoundTrip < s.Run.Latency.OK.Max:
	case ages.Least+s.Shapes.RoundTrip < s.Run.Latency.OK.Percentile(50):
		return under + "no limit for a single request cut them, or it would have cut most responses, which took " + phrase.Duration(s.Run.Latency.OK.Percentile(50)) + " or more"
	default:
		return strings.TrimSuffix(under, ": ")
	}
	return under + "no limit for a single request cut them, or it would have cut a response that took " + phrase.Duration(s.Run.Latency.OK.Max)
}

// ownShutdownTimeout returns the settings of servers that bound how long they
// let requests finish after a stop signal, as text and as data.
func ownShutdownTimeout(need int64, least bool) ([]Remedy, []record.Remedy) {
	grace := remedy.DelayFor(need)
	sec := strconv.FormatInt(remedy.WholeSeconds(grace), 10)
	above := "above " + remedy.Short(grace)
	if least {
		above = "well " + above
	}
	list := []Remedy{{"any", "raise the server's own shutdown timeout " + above + ", and keep the grace period of whatever kills the process above that"}}
	list = append(append(list, serverTimeouts(need)...),
		Remedy{"nginx", "worker_shutdown_timeout unset or above " + sec + "s"},
		Remedy{"HAProxy", "hard-stop-after unset or above " + sec + "s"},
		Remedy{"Envoy", "--drain-time-s " + sec + " or more"},
		Remedy{"Caddy", "grace_period " + sec + "s or more"},
	)
	return list, []record.Remedy{
		{Object: "gunicorn", Setting: "--graceful-timeout", Value: sec, AtLeast: least},
		{Object: "nginx", Setting: "worker_shutdown_timeout", Value: sec + "s", AtLeast: least},
		{Object: "HAProxy", Setting: "hard-stop-after", Value: sec + "s", AtLeast: least},
		{Object: "Envoy", Setting: "--drain-time-s", Value: sec, AtLeast: least},
		{Object: "Caddy", Setting: "grace_period", Value: sec + "s", AtLeast: least},
	}
}

// serverTimeouts returns the settings of application servers for that.
func serverTimeouts(need int64) []Remedy {
	grace := remedy.DelayFor(need)
	sec := strconv.FormatInt(remedy.WholeSeconds(grace), 10)
	return []Remedy{
		{"Go", "http.Server.Shutdown with a context whose timeout is above " + remedy.Short(grace) + ", and main waits until it returns"},
		{"gunicorn", "--graceful-timeout " + sec + " or more"},
		{"uvicorn", "--timeout-graceful-shutdown " + sec + " or more"},
		{"Node.js", "call server.closeAllConnections no earlier than " + remedy.Short(grace) + " after server.close"},
	}
}
