package format

import (
	"strings"
	"time"

	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/metric"
)

type (
	changeJSON struct {
		Stream   *string         `json:"stream"`
		Repeated bool            `json:"repeated"`
		Base     armJSON         `json:"base"`
		New      armJSON         `json:"new"`
		Rows     []changeRowJSON `json:"rows"`
		Checks   []checkJSON     `json:"checks"`
		Warnings []string        `json:"warnings"`
		Notes    []string        `json:"notes"`
	}

	armJSON struct {
		Variant *string      `json:"variant"`
		Files   []string     `json:"files"`
		Runs    []armRunJSON `json:"runs"`
	}

	armRunJSON struct {
		Name      string     `json:"name"`
		StartedAt time.Time  `json:"startedAt"`
		Counts    countsJSON `json:"counts"`
	}

	changeRowJSON struct {
		Metric      string     `json:"metric"`
		Label       string     `json:"label"`
		Unit        string     `json:"unit"`
		Base        spreadJSON `json:"base"`
		New         spreadJSON `json:"new"`
		Change      *float64   `json:"change"`
		Direction   *int       `json:"direction"`
		P           *float64   `json:"p"`
		AdjustedP   *float64   `json:"adjustedP"`
		Significant *bool      `json:"significant"`
	}

	spreadJSON struct {
		Values []float64 `json:"values"`
		Median *float64  `json:"median"`
		Min    *float64  `json:"min"`
		Max    *float64  `json:"max"`
	}
)

func changeOf(c *compare.Change, checks []check.Result) *changeJSON {
	j := &changeJSON{
		Stream:   textOrNull(c.Stream),
		Repeated: c.Repeated, Base: armOf(&c.Base), New: armOf(&c.New), Rows: []changeRowJSON{}, Checks: []checkJSON{},
		Warnings: listOf(c.Warnings), Notes: listOf(c.Notes),
	}
	for _, row := range c.Rows {
		j.Rows = append(j.Rows, changeRowOf(row))
	}
	for _, one := range checks {
		j.Checks = append(j.Checks, checkOf(one))
	}
	return j
}

func armOf(a *compare.Arm) armJSON {
	j := armJSON{Variant: textOrNull(a.Variant), Files: listOf(a.Files), Runs: []armRunJSON{}}
	for _, run := range a.Runs {
		j.Runs = append(j.Runs, armRunJSON{run.Name, run.Run.StartedAt, countsJSON(run.Run.Counts)})
	}
	return j
}

// unitNames are the units of the values of a row.
var unitNames = map[metric.Dimension]string{metric.Count: "count", metric.Rate: "perSecond", metric.Duration: "ns", metric.Ratio: "ratio"}

func changeRowOf(row compare.ChangeRow) changeRowJSON {
	j := changeRowJSON{
		Metric: row.Metric, Label: strings.TrimSpace(row.Label), Unit: unitNames[row.Dimension], Base: spreadOf(row.Base), New: spreadOf(row.New),
	}
	if row.Base.Known && row.New.Known {
		j.Direction = &row.Direction
	}
	if row.ChangeKnown {
		j.Change = &row.Change
	}
	if row.Tested {
		j.P, j.AdjustedP, j.Significant = &row.P, &row.Adjusted, &row.Significant
	}
	return j
}

func spreadOf(s metric.Spread) spreadJSON {
	if !s.Known {
		return spreadJSON{Values: []float64{}}
	}
	return spreadJSON{s.Values, &s.Median, &s.Min, &s.Max}
}
