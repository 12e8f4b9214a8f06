package compare

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
	"nodrop/report/analysis"
	"nodrop/report/metric"
)

// Saved is a recording and the file that it was read from.
type Saved struct {
	File      string
	Recording *record.Recording
}

// Arm is one side of a comparison: the runs of one variant in several files.
type Arm struct {
	Name    string // "base" or "new"
	Variant string // "" for plain loads
	Files   []string
	Runs    []ArmRun
}

// ArmRun is one run of an arm.
type ArmRun struct {
	Name string // the file and, if it holds several runs, the run's name
	analysis.Figures
}

// newArm takes the runs of one variant. Without a variant there may be only one
// in the files: comparing an abrupt stop with a graceful one by accident would
// say nothing about what changed.
func newArm(name string, from []Saved, variant string) (Arm, error) {
	a := Arm{Name: name, Variant: variant}
	var variants []string
	for _, s := range from {
		a.Files = append(a.Files, s.File)
		var of []analysis.Figures
		for _, run := range s.Recording.Runs {
			if !slices.Contains(variants, run.Variant) {
				variants = append(variants, run.Variant)
			}
			if variant == "" || variant == run.Variant || variant == analysis.GroupName(run) {
				of = append(of, analysis.Of(run))
			}
		}
		if len(of) == 0 && variant != "" {
			return a, fmt.Errorf("%s: no run of variant %q", s.File, variant)
		}
		if len(of) == 0 {
			return a, fmt.Errorf("%s: no runs", s.File)
		}
		for i, r := range of {
			run := ArmRun{s.File, r}
			switch name := analysis.RunName(r.Run); {
			case len(of) > 1 && name != r.Run.Variant:
				run.Name = s.File + ", " + name
			case len(of) > 1:
				run.Name = fmt.Sprintf("%s, run %d", s.File, i+1)
			}
			a.Runs = append(a.Runs, run)
		}
	}
	if variant == "" && len(variants) > 1 {
		return a, &misuse.Error{
			Problem: fmt.Sprintf("%s: several variants: %s", name, strings.Join(variants, ", ")),
			Hint:    "compare one at a time: --variant " + variants[len(variants)-1],
		}
	}
	if variant == "" && len(variants) > 0 {
		a.Variant = variants[0]
	}
	return a, nil
}

// commonStreams lists the streams, which must be the same in both arms:
// otherwise a missing stream would go unnoticed.
func commonStreams(base, next *Arm) ([]string, error) {
	streams := base.streams()
	for _, pair := range [][2]*Arm{{base, next}, {next, base}} {
		for _, stream := range pair[0].streams() {
			if !slices.Contains(pair[1].streams(), stream) {
				return nil, fmt.Errorf("%s: no run of %s, but %s has one", pair[1].Name, streamName(stream), pair[0].Name)
			}
		}
	}
	return streams, nil
}

func streamName(stream string) string {
	if stream == "" {
		return "the unnamed stream"
	}
	return "stream " + stream
}

// streams lists the names of the arm's streams, in order.
func (a *Arm) streams() []string {
	var list []string
	for _, run := range a.Runs {
		if stream := run.Run.Stream; !slices.Contains(list, stream) {
			list = append(list, stream)
		}
	}
	return list
}

// of returns the arm with only the runs of one stream.
func (a *Arm) of(stream string) Arm {
	one := *a
	one.Runs = slices.DeleteFunc(slices.Clone(a.Runs), func(r ArmRun) bool { return r.Run.Stream != stream })
	return one
}

// Spread returns the values of a metric over the runs of an arm; not known if
// any run lacks the metric.
func (a *Arm) Spread(m metric.Metric) metric.Spread {
	var values []float64
	for i := range a.Runs {
		f := m.Of(&a.Runs[i].Figures)
		if !f.Known {
			return metric.Spread{}
		}
		values = append(values, f.Value)
	}
	return spreadOf(values)
}

// LostRuns returns how many runs of the arm lost requests.
func (a *Arm) LostRuns() int {
	n := 0
	for _, run := range a.Runs {
		if run.Run.Counts.Lost > 0 {
			n++
		}
	}
	return n
}
