package diagnosis

import (
	"slices"
	"strings"

	"nodrop/report/analysis/probe"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/probed"
	"nodrop/report/phrase"
)

// askedOfProbes are the rules about whose losses probes can say more. The others
// have marks that show the cause, or are about something else.
var askedOfProbes = [...]string{
	"connections-refused", "packets-dropped", "accept-queue-reset", "grace-timer", "kept-alive-closed-without-notice", "cut-in-flight", "cut-without-goaway", "hung", "unexplained",
}

// askProbes adds to a finding what the probes say about its losses. It raises
// the confidence only where they show what the title then says.
func askProbes(s *observed.Observation, f *Finding, e *observed.Evidence) {
	if len(s.Run.Probes) == 0 || !slices.Contains(askedOfProbes[:], f.Rule) {
		return
	}
	usual := int64(0)
	if s.Responses.Count > 0 {
		usual = s.Responses.Percentile(99)
	}
	said := probed.Hear(probe.Of(s.Run, usual), probed.Losses{
		Lost: e.Lost, Endpoints: len(e.Endpoints), Called: s.Called,
		IsProcess: func(name string) bool { return s.HistoryOf(name) != nil },
	})
	f.settle(said.Settle(), int64(len(e.Endpoints)))
	f.Evidence = append(f.Evidence, said.Lines()...)
}

// settle raises the confidence of a finding about n endpoints that cannot tell
// otherwise. An address that no mark names may be that of a balancer: what
// probes show there is at most likely.
func (f *Finding) settle(shown probed.Settled, n int64) {
	if f.Confidence != CannotTell {
		return
	}
	sure := Likely
	if shown.Process {
		sure = Shown
	}
	// Without a cause, cuts on kept-alive connections are like any other.
	cut := f.Rule == "cut-in-flight" || f.Rule == "cut-without-goaway" || f.Rule == "kept-alive-closed-without-notice" && f.Code == CutInFlight
	switch {
	case f.Rule == "connections-refused" && shown.Answer == probe.Gone && shown.Process:
		f.raise(sure, phrase.Choose(n, "its listener was gone", "their listeners were gone"))
	case f.Rule == "connections-refused" && shown.Answer == probe.Gone:
		f.raise(sure, "nothing listened there")
	case f.Rule == "hung" && shown.Answer == probe.Stuck && shown.Process:
		f.raise(sure, phrase.Choose(n, "its process was stuck", "their processes were stuck"))
	case f.Rule == "hung" && shown.Answer == probe.Stuck:
		f.raise(sure, "what accepts connections there did not respond")
	case cut && shown.Answer == probe.Gone && shown.Process:
		f.raise(Likely, phrase.Choose(n, "its process stopped listening, too", "their processes stopped listening, too"))
	case cut && shown.Answer == probe.Works && shown.Process && shown.Always:
		f.raise(sure, "only those connections, while new ones were served")
	}
}

// raise says what probes show, and drops the evidence that says that it is not
// known.
func (f *Finding) raise(to Confidence, shown string) {
	f.Confidence, f.Title = to, f.Title+": "+shown
	known := [...]string{"cannot tell whether a process exited", "cannot tell why nothing was listening", "from here, a hung server and lost packets"}
	f.Evidence = slices.DeleteFunc(f.Evidence, func(line string) bool {
		return slices.ContainsFunc(known[:], func(begin string) bool { return strings.HasPrefix(line, begin) })
	})
	for i, line := range f.Evidence {
		if strings.HasPrefix(line, "cannot tell whether the listener closed before") {
			f.Evidence[i] = "but " + line // when it went is a question of its own
		}
	}
}
