package brief

import (
	"reflect"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/analysis"
)

// Load is what was sent, alike in all the runs that it counts.
type Load struct {
	Stream   string // "" if there is only one
	Settings record.Settings
	// The number of requests, and requests per second, in the runs with least and
	// most. Asked is 0 without a rate.
	Started, Sent [2]float64
	Asked         float64
	Slow          bool // a run did not keep up with the rate that was asked for
}

// loadsOf lists the loads of runs, each once.
func loadsOf(runs []report.RunReport) []Load {
	var list []Load
	for i := range runs {
		run := runs[i].Run
		l := find(list, run)
		started, sent := float64(run.Counts.Started), SentRate(&runs[i].Figures)
		if l == nil {
			list = append(list, Load{
				Stream: run.Stream, Settings: run.Settings, Asked: AskedRate(run),
				Started: [2]float64{started, started}, Sent: [2]float64{sent, sent}, Slow: TooSlow(&runs[i].Figures),
			})
			continue
		}
		l.Started = [2]float64{min(l.Started[0], started), max(l.Started[1], started)}
		l.Sent = [2]float64{min(l.Sent[0], sent), max(l.Sent[1], sent)}
		l.Slow = l.Slow || TooSlow(&runs[i].Figures)
	}
	return list
}

// find returns the load of a run, or nil. How many requests it sent makes no
// other load.
func find(list []Load, run *record.Run) *Load {
	for i := range list {
		l, settings := &list[i], run.Settings
		settings.Requests = l.Settings.Requests
		if l.Stream == run.Stream && reflect.DeepEqual(l.Settings, settings) {
			return l
		}
	}
	return nil
}

// AskedRate is the rate that -q asked for, in requests per second; 0 if none.
func AskedRate(run *record.Run) float64 { return run.Settings.Rate * float64(run.Settings.Workers) }

// kept is the share of the rate that was asked for from which on it counts as
// kept.
const kept = 0.99

// TooSlow reports whether a run did not keep up with the rate that was asked
// for.
func TooSlow(f *analysis.Figures) bool {
	return f.Run.Late > 0 && SentRate(f) < kept*AskedRate(f.Run)
}

// SentRate is the rate that was sent while requests were started, in requests
// per second, and no more than was asked for; 0 if it took no time.
func SentRate(f *analysis.Figures) float64 {
	over := f.Loss.Event.LoadOver
	if over <= 0 {
		over = f.Run.Duration
	}
	if over <= 0 {
		return 0
	}
	rate := float64(f.Run.Counts.Started) / analysis.Seconds(over)
	if asked := AskedRate(f.Run); asked > 0 {
		return min(rate, asked)
	}
	return rate
}
