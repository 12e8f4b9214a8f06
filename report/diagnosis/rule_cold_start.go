package diagnosis

import (
	"fmt"
	"strconv"

	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
	"nodrop/report/phrase"
)

// coldStart: a new endpoint was too slow in its first seconds.
type coldStart struct{}

func (coldStart) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.Shapes.ArrivalOf(l) != nil // refusals and error responses are readyTooEarly's
}

func (coldStart) explain(s *observed.Observation, e *observed.Evidence) Finding {
	var longest int64 // from the arrival to the last request that timed out
	since := "after it became ready"
	for _, l := range e.Lost {
		a := s.Shapes.ArrivalOf(l)
		longest = max(longest, l.Start-a.At)
		if !a.Marked {
			since = "after it was first reached"
		}
	}
	warm := remedy.DelayFor(longest)
	f := Finding{
		Title: fmt.Sprintf("%s timed out on %s in the first %s %s: too slow while it warmed up",
			phrase.Counted(int64(len(e.Lost)), "request", "requests"), phrase.Choose(int64(len(e.Endpoints)), "a new replica", "each new replica"), phrase.Duration(longest), since),
		Confidence: Likely,
		Measured:   longest,
		Needed:     longest,
		Evidence: append([]string{
			e.What(),
			"they " + e.Started() + "; " + s.Where(e),
			fmt.Sprintf("none that was sent to it later timed out (-t %s)", phrase.Duration(int64(s.Run.Settings.Timeout))),
		}, arrived(s, e)...),
		Remedies: []Remedy{
			{"any", "warm it up before it becomes ready: load caches, open connection pools, and send it requests of the kind that clients make until they are fast"},
			{"any", "let the load balancer send a new replica few requests at first (slow start)"},
			{"Kubernetes", fmt.Sprintf("a startupProbe or readinessProbe that passes only once responses are fast; minReadySeconds: %d", remedy.WholeSeconds(warm))},
			{"Envoy", "slow_start_config on the cluster's load balancing policy"},
			{"nginx", "slow_start on the upstream's server (nginx Plus)"},
			{"HAProxy", fmt.Sprintf("slowstart %ds on the server line", remedy.WholeSeconds(warm))},
		},
		Settings: []record.Remedy{{Object: inKubernetes, Setting: "minReadySeconds", Value: strconv.FormatInt(remedy.WholeSeconds(warm), 10)}},
	}
	if len(e.Lost) < 3 {
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "cannot tell whether that is more than a coincidence: so few requests may time out at any time")
	}
	return f
}
