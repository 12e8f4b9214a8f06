package past

import (
	"time"

	"nodrop/loadgen/record"
	"nodrop/report/check"
	"nodrop/report/history"
	"nodrop/report/metric"
)

// Document is a history as report-json has it; report.schema.json describes the
// fields.
type Document struct {
	Directory string         `json:"directory"`
	Variant   *string        `json:"variant"`
	Loads     []loadDocument `json:"loads"`
	LeftOut   []leftDocument `json:"leftOut"`
}

type (
	loadDocument struct {
		Stream     *string             `json:"stream"`
		Outcome    string              `json:"outcome"`
		Recordings []recordingDocument `json:"recordings"`
		New        *recordingDocument  `json:"new"`
		Trend      trendDocument       `json:"trend"`
		Checks     []checkDocument     `json:"checks"`
		Notes      []string            `json:"notes"`
	}

	recordingDocument struct {
		File      string        `json:"file"`
		StartedAt time.Time     `json:"startedAt"`
		Verdict   string        `json:"verdict"`
		Doubts    []string      `json:"doubts"`
		Runs      []runDocument `json:"runs"`
	}

	runDocument struct {
		Name       string        `json:"name"`
		StartedAt  time.Time     `json:"startedAt"`
		Counts     record.Counts `json:"counts"`
		Windows    int           `json:"windows"`
		LossTimeNs int64         `json:"lossTimeNs"`
		P99Ns      *int64        `json:"p99Ns"`
	}

	trendDocument struct {
		Direction  string         `json:"direction"`
		Text       string         `json:"text"`
		Recordings int            `json:"recordings"`
		Runs       int            `json:"runs"`
		Lost       halvesDocument `json:"lost"`
		LossTimeNs halvesDocument `json:"lossTimeNs"`
		P          *float64       `json:"p"`
		LossBound  *float64       `json:"lossyRunsBound"`
	}

	halvesDocument struct {
		Older *float64 `json:"older"`
		Newer *float64 `json:"newer"`
	}

	checkDocument struct {
		Rule    string         `json:"rule"`
		Check   string         `json:"check"`
		Met     *string        `json:"met"`
		Value   *float64       `json:"value"`
		Limit   *limitDocument `json:"limit"`
		Outcome string         `json:"outcome"`
		Reason  *string        `json:"reason"`
	}

	limitDocument struct {
		Value float64 `json:"value"`
		Runs  int     `json:"runs"`
		Min   float64 `json:"min"`
		Max   float64 `json:"max"`
	}

	leftDocument struct {
		File   string `json:"file"`
		Why    string `json:"why"`
		Reason string `json:"reason"`
	}
)

// DocumentOf returns a history as report-json has it; nil for none.
func DocumentOf(h *history.History) *Document {
	if h == nil {
		return nil
	}
	d := &Document{Directory: h.Directory, Variant: textOrNull(h.Variant), Loads: []loadDocument{}, LeftOut: []leftDocument{}}
	for _, l := range h.Loads {
		d.Loads = append(d.Loads, loadOf(l))
	}
	for _, left := range h.Left {
		d.LeftOut = append(d.LeftOut, leftDocument{left.File, string(left.Why), left.Reason})
	}
	return d
}

func loadOf(l *history.Load) loadDocument {
	d := loadDocument{
		Stream: textOrNull(l.Stream), Outcome: outcomeName(l.Judged.Outcome), Recordings: []recordingDocument{},
		Trend: trendOf(&l.Trend), Checks: []checkDocument{}, Notes: append([]string{}, Notes(l)...),
	}
	for i := range l.Past {
		d.Recordings = append(d.Recordings, recordingOf(&l.Past[i]))
	}
	if l.New != nil {
		d.New = new(recordingOf(l.New))
	}
	for i := range l.Checks {
		d.Checks = append(d.Checks, checkOf(&l.Checks[i]))
	}
	return d
}

func recordingOf(line *history.Line) recordingDocument {
	d := recordingDocument{File: line.File, StartedAt: line.Started, Verdict: outcomeName(line.Verdict), Doubts: append([]string{}, line.Doubts...), Runs: []runDocument{}}
	p99, _ := metric.Find("p99")
	for i := range line.Arm.Runs {
		run := &line.Arm.Runs[i]
		one := runDocument{Name: run.Name, StartedAt: run.Run.StartedAt, Counts: run.Run.Counts, Windows: len(run.Loss.Windows), LossTimeNs: run.Loss.Time}
		if f := p99.Of(&run.Figures); f.Known {
			one.P99Ns = new(int64(f.Value))
		}
		d.Runs = append(d.Runs, one)
	}
	return d
}

func trendOf(t *history.Trend) trendDocument {
	d := trendDocument{
		Direction: string(t.Direction), Text: t.String(), Recordings: t.Recordings, Runs: t.Runs,
		Lost: halvesOf(t.Lost.Older, t.Lost.Newer), LossTimeNs: halvesOf(t.Outage.Older, t.Outage.Newer),
	}
	if !t.Lost.Weak {
		d.P = &t.Lost.P
	}
	if t.Direction == history.NoLoss {
		d.LossBound = &t.Bound
	}
	return d
}

func halvesOf(older, newer metric.Spread) halvesDocument {
	var d halvesDocument
	if older.Known {
		d.Older = &older.Median
	}
	if newer.Known {
		d.Newer = &newer.Median
	}
	return d
}

func checkOf(c *history.Checked) checkDocument {
	d := checkDocument{Rule: string(c.Rule), Check: c.Check, Met: textOrNull(c.Met), Outcome: string(c.Outcome), Reason: textOrNull(c.Reason)}
	if c.Found.Known {
		d.Value = &c.Found.Value
	}
	if l := &c.Limit; l.Known {
		d.Limit = &limitDocument{l.Value, l.Runs, l.Least.Value, l.Most.Value}
	}
	return d
}

func outcomeName(o check.Outcome) string {
	if o == check.None {
		return "none"
	}
	return string(o)
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
