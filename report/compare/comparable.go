package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// condition is something that must be the same for two runs to be comparable.
type condition struct {
	name string
	of   func(*record.Run) string
}

// conditions lists all of them.
var conditions = slices.Concat(settings, surroundings)

// settings are what a run was asked to do.
var settings = []condition{
	{"URL", func(r *record.Run) string { return r.Settings.URL }},
	{"method", func(r *record.Run) string { return r.Settings.Method }},
	{"workers (-c)", func(r *record.Run) string { return strconv.Itoa(r.Settings.Workers) }},
	{"rate per worker (-q)", func(r *record.Run) string { return given(r.Settings.Rate > 0, "%g/s", r.Settings.Rate) }},
	{"number of requests (-n)", func(r *record.Run) string { return given(r.Settings.Requests > 0, "%d", r.Settings.Requests) }},
	{"duration (-z)", func(r *record.Run) string { return given(r.Settings.Duration > 0, "%v", r.Settings.Duration) }},
	{"timeout (-t)", func(r *record.Run) string { return timeout(r.Settings.Timeout) }},
	{"connect timeout", func(r *record.Run) string { return timeout(r.Settings.ConnectTimeout) }},
	{"keep-alive", func(r *record.Run) string { return onOff(r.Settings.KeepAlive) }},
	{"redirects", func(r *record.Run) string { return onOff(r.Settings.Redirects) }},
	{"--ok", func(r *record.Run) string { return string(r.Settings.OK) }},
	{"--expect-body", func(r *record.Run) string { return given(r.Settings.ExpectBody != "", "%s", r.Settings.ExpectBody) }},
	{"--expect-header", func(r *record.Run) string {
		return given(len(r.Settings.ExpectHeaders) > 0, "%q", r.Settings.ExpectHeaders)
	}},
	{"source addresses", func(r *record.Run) string { return given(len(r.Settings.Sources) > 0, "%v", r.Settings.Sources) }},
}

// surroundings are what the run was made with.
var surroundings = []condition{
	{"engine", func(r *record.Run) string { return string(r.Settings.Engine) }},
	{"nodrop version", func(r *record.Run) string { return r.Environment.Version }},
	{"system", func(r *record.Run) string { return r.Environment.OS + "/" + r.Environment.Arch }},
	{"processors (-cpus)", func(r *record.Run) string { return strconv.Itoa(r.Environment.CPUs) }},
}

// Asked says what one run was asked to do and another was not: "workers (-c) 20,
// not 10".
func Asked(of, other *record.Run) []string {
	var list []string
	for _, c := range settings {
		if one, two := c.of(of), c.of(other); one != two {
			list = append(list, fmt.Sprintf("%s %s, not %s", c.name, one, two))
		}
	}
	return list
}

// Surroundings names what the runs were not all made with, and with which: it
// may explain a change as well as the target can.
func Surroundings(runs []ArmRun) []string {
	all := Arm{Runs: runs}
	var list []string
	for _, c := range surroundings {
		if values := all.distinct(c.of); len(values) > 1 {
			list = append(list, fmt.Sprintf("different %s: %s", c.name, strings.Join(values, ", ")))
		}
	}
	return list
}

func given(is bool, format string, v any) string {
	if !is {
		return "none"
	}
	return fmt.Sprintf(format, v)
}

func timeout(d time.Duration) string { return given(d > 0, "%v", d) }

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// warnings says why the arms may not be comparable.
func (c *Change) warnings() []string {
	var list []string
	if c.Base.Variant != c.New.Variant {
		list = append(list, fmt.Sprintf("different variant: base %s, new %s", given(c.Base.Variant != "", "%s", c.Base.Variant), given(c.New.Variant != "", "%s", c.New.Variant)))
	}
	for _, condition := range conditions {
		base, next := c.Base.distinct(condition.of), c.New.distinct(condition.of)
		if len(base) > 1 || len(next) > 1 || !slices.Equal(base, next) {
			list = append(list, fmt.Sprintf("different %s: base %s, new %s", condition.name, strings.Join(base, " and "), strings.Join(next, " and ")))
		}
	}
	if c.closedAndDiffering() {
		list = append(list, "closed loop: the faster requests fail, the more of them are sent; compare windows, not percentages")
	}
	return append(list, c.twice()...)
}

// distinct lists the values of a condition in the runs of an arm, sorted.
func (a *Arm) distinct(of func(*record.Run) string) []string {
	var list []string
	for _, run := range a.Runs {
		list = append(list, of(run.Run))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (c *Change) closedAndDiffering() bool {
	loss := c.Row("loss", "")
	return !loss.same() && slices.ContainsFunc(c.All(), func(r ArmRun) bool { return analysis.ClosedAndLost(r.Run) })
}

// twice names runs that are in several files: counting a copy would turn it
// into evidence.
func (c *Change) twice() []string {
	type identity struct {
		at       time.Time
		duration int64
		counts   record.Counts
	}
	var list []string
	seen := map[identity]string{}
	for _, run := range c.All() {
		r := run.Run
		id := identity{r.StartedAt.UTC(), r.Duration, r.Counts}
		if first, ok := seen[id]; ok {
			list = append(list, fmt.Sprintf("the same run appears twice: %s and %s", first, run.Name))
			continue
		}
		seen[id] = run.Name
	}
	return list
}
