package format

import (
	_ "embed" // for the schema
	"encoding/json"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/loadgen/safetext"
	"nodrop/report"
	"nodrop/report/analysis"
	"nodrop/report/check"
	"nodrop/report/compare"
	"nodrop/report/diagnosis"
	"nodrop/report/format/past"
	"nodrop/report/format/streams"
)

// computedFormat is the name and version of what ComputedJSON writes.
const computedFormat = "nodrop-report/1"

// Schema is the JSON Schema (draft 2020-12) of what ComputedJSON writes. It
// describes every field; the types here say no more than it does.
//
//go:embed report.schema.json
var Schema string

// ComputedJSON writes everything that was computed. Every field is always
// present: null means that a value is unknown or does not apply.
func ComputedJSON(w io.Writer, r *report.Report) error {
	e := json.NewEncoder(safetext.JSONWriter{To: w})
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(documentOf(r))
}

// All times are in ns: either times since the run's start, or lengths. Their
// names end in Ns, as in a recording.
type (
	documentJSON struct {
		Format     string          `json:"format"`
		Verdict    verdictJSON     `json:"verdict"`
		Error      *string         `json:"error"`
		Search     *searchJSON     `json:"search"`
		Proof      *proofJSON      `json:"proof"`
		Comparison *comparisonJSON `json:"comparison"`
		Changes    []*changeJSON   `json:"changes"`
		History    *past.Document  `json:"history"`
		Groups     []groupJSON     `json:"groups"`
		Runs       []runJSON       `json:"runs"`
	}

	verdictJSON struct {
		Outcome  string   `json:"outcome"`
		Sentence string   `json:"sentence"`
		Reasons  []string `json:"reasons"`
		Hints    []string `json:"hints"`
	}

	groupJSON struct {
		Name     string           `json:"name"`
		Variant  *string          `json:"variant"`
		Stream   *string          `json:"stream"`
		Runs     []string         `json:"runs"`
		Worst    string           `json:"worst"`
		Findings []recurrenceJSON `json:"findings"`
	}

	recurrenceJSON struct {
		Rule      string `json:"rule"`
		Code      string `json:"code"`
		Runs      int    `json:"runs"`
		LeastLost int64  `json:"leastLost"`
		MostLost  int64  `json:"mostLost"`
		Run       string `json:"run"`
		Title     string `json:"title"`
	}

	comparisonJSON struct {
		Columns []string            `json:"columns"`
		Rows    []comparisonRowJSON `json:"rows"`
	}

	comparisonRowJSON struct {
		Name   string   `json:"name"`
		Unit   string   `json:"unit"`
		Class  *string  `json:"class"`
		Values []*int64 `json:"values"`
	}

	runJSON struct {
		Name        string            `json:"name"`
		Variant     *string           `json:"variant"`
		Stream      *string           `json:"stream"`
		Repetition  *int              `json:"repetition"`
		Gateway     *string           `json:"gateway"`
		Products    []string          `json:"products"`
		StartedAt   time.Time         `json:"startedAt"`
		DurationNs  int64             `json:"durationNs"`
		Interrupted bool              `json:"interrupted"`
		Settings    settingsJSON      `json:"settings"`
		Environment environmentJSON   `json:"environment"`
		Counts      countsJSON        `json:"counts"`
		Identity    identityJSON      `json:"identity"`
		Checks      []checkJSON       `json:"checks"`
		Summary     summaryJSON       `json:"summary"`
		Connections connectionsJSON   `json:"connections"`
		TLS         *tlsJSON          `json:"tls"`
		HTTP2       *streams.Document `json:"http2"`
		LateTicks   int64             `json:"lateTicks"`

		Classes     []classJSON    `json:"classes"`
		Findings    []findingJSON  `json:"findings"`
		Endpoints   []endpointJSON `json:"endpoints"`
		WindowGapNs int64          `json:"windowGapNs"`
		BinWidthNs  int64          `json:"binWidthNs"`
		Windows     []windowJSON   `json:"windows"`
		LossTimeNs  int64          `json:"lossTimeNs"`
		Unlisted    int64          `json:"untold"`
		Marks       []markJSON     `json:"marks"`
		Baseline    *baselineJSON  `json:"baseline"`
		Event       *eventJSON     `json:"event"`
		EventError  *string        `json:"eventError"`
		LastStartNs *int64         `json:"lastStartNs"`
		Limits      limitsJSON     `json:"limits"`
		Hidden      int64          `json:"hidden"`
		Outside     *int64         `json:"outside"`
		RecoveryNs  *int64         `json:"recoveryNs"`
		Slower      *slowerJSON    `json:"slower"`
		Responses   []responseJSON `json:"answers"`
		Traces      []traceJSON    `json:"traces"`
		Probes      *probesJSON    `json:"probes"`
		Notes       []string       `json:"notes"`
	}

	settingsJSON struct {
		URL              string   `json:"url"`
		Method           string   `json:"method"`
		Requests         *int64   `json:"requests"`
		Workers          int      `json:"workers"`
		RatePerWorker    float64  `json:"ratePerWorker"`
		DurationNs       *int64   `json:"durationNs"`
		TimeoutNs        *int64   `json:"timeoutNs"`
		ConnectTimeoutNs *int64   `json:"connectTimeoutNs"`
		KeepAlive        bool     `json:"keepAlive"`
		Redirects        bool     `json:"redirects"`
		OK               string   `json:"ok"`
		MaxBody          *int64   `json:"maxBody"`
		ExpectBody       *string  `json:"expectBody"`
		ExpectHeaders    []string `json:"expectHeaders"`
		EndpointHeader   *string  `json:"endpointHeader"`
		Engine           string   `json:"engine"`
	}

	environmentJSON struct {
		Version string `json:"version"`
		OS      string `json:"os"`
		Arch    string `json:"arch"`
		CPUs    int    `json:"cpus"`
	}

	countsJSON struct {
		Planned int64 `json:"planned"`
		Started int64 `json:"started"`
		Unsent  int64 `json:"unsent"`
		OK      int64 `json:"ok"`
		Lost    int64 `json:"lost"`
		Spoiled int64 `json:"spoiled"`
		Aborted int64 `json:"aborted"`
	}

	identityJSON struct {
		Holds         bool    `json:"holds"`
		Contradiction *string `json:"contradiction"`
	}

	checkJSON struct {
		Rule    string   `json:"rule"`
		Check   string   `json:"check"`
		Met     *string  `json:"met"`
		Value   *float64 `json:"value"`
		Outcome string   `json:"outcome"`
		Reason  *string  `json:"reason"`
	}

	summaryJSON struct {
		TotalNs           int64            `json:"totalNs"`
		SlowestNs         *int64           `json:"slowestNs"`
		FastestNs         *int64           `json:"fastestNs"`
		AverageNs         *int64           `json:"averageNs"`
		RequestsPerSecond float64          `json:"requestsPerSecond"`
		Responded         int64            `json:"answered"`
		Bytes             int64            `json:"bytes"`
		BytesPerResponse  *int64           `json:"bytesPerAnswer"`
		Histogram         []bucketJSON     `json:"histogram"`
		Percentiles       []percentileJSON `json:"percentiles"`
		Phases            []phaseJSON      `json:"phases"`
		Statuses          []statusJSON     `json:"statuses"`
		Errors            []errorJSON      `json:"errors"`
	}

	bucketJSON struct {
		UpToNs int64 `json:"upToNs"`
		Count  int64 `json:"count"`
	}

	percentileJSON struct {
		Percent   int   `json:"percent"`
		LatencyNs int64 `json:"latencyNs"`
	}

	phaseJSON struct {
		Name      string `json:"name"`
		AverageNs int64  `json:"averageNs"`
		FastestNs int64  `json:"fastestNs"`
		SlowestNs int64  `json:"slowestNs"`
	}

	statusJSON struct {
		Status int   `json:"status"`
		Count  int64 `json:"count"`
	}

	errorJSON struct {
		Text  string `json:"text"`
		Count int64  `json:"count"`
	}

	connectionsJSON struct {
		Opened    int64 `json:"opened"`
		Stale     int64 `json:"stale"`
		FinWaited int64 `json:"finWaited"`
		FinOurs   int64 `json:"finOurs"`
		Surplus   int64 `json:"surplus"`
	}

	tlsJSON struct {
		Handshakes int64        `json:"handshakes"`
		Resumed    *int64       `json:"resumed"`
		BusyNs     int64        `json:"busyNs"`
		Agreed     []agreedJSON `json:"agreed"`
	}

	agreedJSON struct {
		Version string  `json:"version"`
		Cipher  string  `json:"cipher"`
		ALPN    *string `json:"alpn"`
		Count   int64   `json:"count"`
	}

	classJSON struct {
		Class       string  `json:"class"`
		Spoiled     bool    `json:"spoiled"`
		Count       int64   `json:"count"`
		Fresh       int64   `json:"fresh"`
		Reused      int64   `json:"reused"`
		Processed   string  `json:"processed"`
		SafeToRetry bool    `json:"safeToRetry"`
		Cause       string  `json:"cause"`
		Remedy      string  `json:"remedy"`
		Sample      *string `json:"sample"`
	}

	classCountJSON struct {
		Class string `json:"class"`
		Count int64  `json:"count"`
	}

	findingJSON struct {
		Rule       string              `json:"rule"`
		Code       string              `json:"code"`
		Title      string              `json:"title"`
		Lost       int64               `json:"lost"`
		Confidence string              `json:"confidence"`
		MeasuredNs *int64              `json:"measuredNs"`
		NeededNs   *int64              `json:"neededNs"`
		Evidence   []string            `json:"evidence"`
		Remedies   []remedyJSON        `json:"remedies"`
		Settings   []remedySettingJSON `json:"settings"`
	}

	remedyJSON struct {
		Where   string `json:"where"`
		Setting string `json:"setting"`
	}

	remedySettingJSON struct {
		Product string  `json:"product"`
		Version *string `json:"version"`
		Object  *string `json:"object"`
		Setting string  `json:"setting"`
		Value   string  `json:"value"`
		Unit    *string `json:"unit"`
		AtLeast bool    `json:"atLeast"`
		Above   *string `json:"above"`
	}

	endpointJSON struct {
		Name            *string          `json:"name"`
		OK              int64            `json:"ok"`
		Lost            int64            `json:"lost"`
		Classes         []classCountJSON `json:"classes"`
		FirstConnectNs  *int64           `json:"firstConnectNs"`
		LastConnectNs   *int64           `json:"lastConnectNs"`
		FirstResponseNs *int64           `json:"firstAnswerNs"`
		LastResponseNs  *int64           `json:"lastAnswerNs"`
	}

	windowJSON struct {
		BeginNs           int64            `json:"beginNs"`
		EndNs             int64            `json:"endNs"`
		Started           int64            `json:"started"`
		Lost              int64            `json:"lost"`
		LossRatio         *float64         `json:"lossRatio"`
		InFlight          int64            `json:"inFlight"`
		Reused            int64            `json:"reused"`
		Unlisted          int64            `json:"untold"`
		Connections       int64            `json:"connections"`
		Classes           []classCountJSON `json:"classes"`
		Endpoints         []string         `json:"endpoints"`
		SlowestResponseNs *int64           `json:"slowestAnswerNs"`
		BeginsNear        *relationJSON    `json:"beginsNear"`
		EndsNear          *relationJSON    `json:"endsNear"`
	}

	relationJSON struct {
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		DistanceNs int64  `json:"distanceNs"`
	}

	markJSON struct {
		Kind        string        `json:"kind"`
		Name        string        `json:"name"`
		Endpoint    *string       `json:"endpoint"`
		StartNs     int64         `json:"startNs"`
		EndNs       int64         `json:"endNs"`
		Error       *string       `json:"error"`
		Address     *string       `json:"address"`
		Shutdown    *shutdownJSON `json:"shutdown"`
		Output      []string      `json:"output"`
		FirstLossNs *int64        `json:"firstLossNs"`
		LastLossNs  *int64        `json:"lastLossNs"`
	}

	shutdownJSON struct {
		PreStop *string `json:"preStop"`
		GraceNs *int64  `json:"graceNs"`
		Signal  *string `json:"signal"`
	}

	baselineJSON struct {
		UntilNs int64            `json:"untilNs"`
		OK      int64            `json:"ok"`
		Lost    int64            `json:"lost"`
		Classes []steadinessJSON `json:"classes"`
	}

	steadinessJSON struct {
		Class   string     `json:"class"`
		Before  lostOfJSON `json:"before"`
		After   lostOfJSON `json:"after"`
		Outcome string     `json:"outcome"`
		Added   int64      `json:"added"`
		P       float64    `json:"p"`
	}

	lostOfJSON struct {
		Lost int64 `json:"lost"`
		Of   int64 `json:"of"`
	}

	eventJSON struct {
		BeginNs    int64 `json:"beginNs"`
		EndNs      int64 `json:"endNs"`
		InsideLoad bool  `json:"insideLoad"`
	}

	limitsJSON struct {
		LossRatioBound         *float64 `json:"lossRatioBound"`
		Endpoints              int      `json:"endpoints"`
		RequestsPerSecond      float64  `json:"requestsPerSecond"`
		SmallestOutageNs       *int64   `json:"smallestOutageNs"`
		Left                   *int     `json:"left"`
		SmallestOutageOfLeftNs *int64   `json:"smallestOutageOfLeftNs"`
	}

	slowerJSON struct {
		Notable  bool             `json:"notable"`
		Baseline latencyBoundJSON `json:"baseline"`
		Event    latencyBoundJSON `json:"event"`
	}

	latencyBoundJSON struct {
		Count int64 `json:"count"`
		P99Ns int64 `json:"p99Ns"`
		MaxNs int64 `json:"maxNs"`
	}

	responseJSON struct {
		Status int      `json:"status"`
		Server *string  `json:"server"`
		Fields []string `json:"fields"`
		Body   *string  `json:"body"`
		Count  int64    `json:"count"`
	}

	traceJSON struct {
		StartNs  int64           `json:"startNs"`
		Class    string          `json:"class"`
		Endpoint *string         `json:"endpoint"`
		Steps    []traceStepJSON `json:"steps"`
	}

	traceStepJSON struct {
		AtNs  int64   `json:"atNs"`
		What  string  `json:"what"`
		Error *string `json:"error"`
	}
)

func documentOf(r *report.Report) documentJSON {
	d := documentJSON{
		Format: computedFormat,
		Verdict: verdictJSON{
			Outcome: outcomeName(r.Verdict.Outcome), Sentence: r.Verdict.Text(),
			Reasons: listOf(r.Verdict.Reasons), Hints: listOf(r.Verdict.Hints),
		},
		Proof:      proofJSONOf(r.Proof),
		Comparison: comparisonOf(r),
		Changes:    []*changeJSON{},
		History:    past.DocumentOf(r.History),
		Groups:     []groupJSON{},
		Runs:       []runJSON{},
	}
	if r.Recording != nil {
		d.Error = textOrNull(r.Recording.Error)
	}
	for _, c := range r.Changes {
		d.Changes = append(d.Changes, changeOf(c, nil))
	}
	for _, c := range r.Compared {
		d.Changes = append(d.Changes, changeOf(c.Change, c.Checks))
	}
	names := runNames(r.Runs)
	d.Search = searchOf(r, names)
	for i := range r.Groups {
		d.Groups = append(d.Groups, groupOf(r, &r.Groups[i], names))
	}
	for i := range r.Runs {
		d.Runs = append(d.Runs, runOf(names[i], &r.Runs[i]))
	}
	return d
}

func groupOf(r *report.Report, g *compare.Group, names []string) groupJSON {
	run := g.Arm.Runs[0].Run
	j := groupJSON{
		Name: g.Arm.Name, Variant: textOrNull(run.Variant), Stream: textOrNull(run.Stream),
		Worst: names[g.Worst], Findings: []recurrenceJSON{},
	}
	for _, i := range g.Places {
		j.Runs = append(j.Runs, names[i])
	}
	for _, f := range r.Recurrences(g) {
		j.Findings = append(j.Findings, recurrenceJSON{f.Rule, string(f.Code), f.Runs, f.Least, f.Most, f.In, f.Title})
	}
	return j
}

// repetitionOrNull returns nil for a run without repetitions.
func repetitionOrNull(run *record.Run) *int {
	if run.Repetition == 0 {
		return nil
	}
	return &run.Repetition
}

// outcomeName returns "none" for no outcome.
func outcomeName(o check.Outcome) string {
	if o == check.None {
		return "none"
	}
	return string(o)
}

// comparisonOf returns the rows of the text's comparison, as numbers.
func comparisonOf(r *report.Report) *comparisonJSON {
	if r.Comparison == nil {
		return nil
	}
	var runs []analysis.Figures
	for i := range r.Runs {
		if analysis.GroupName(r.Runs[i].Run) != "" {
			runs = append(runs, r.Runs[i].Figures)
		}
	}
	c := &comparisonJSON{}
	for _, run := range runs {
		c.Columns = append(c.Columns, analysis.RunName(run.Run))
	}
	add := func(name, unit string, class *string, value func(*analysis.Figures) *int64) {
		row := comparisonRowJSON{Name: name, Unit: unit, Class: class}
		for i := range runs {
			row.Values = append(row.Values, value(&runs[i]))
		}
		c.Rows = append(c.Rows, row)
	}
	for _, f := range figures {
		add(f.name, f.unit, nil, f.value)
		if f.breakdown == whole {
			continue
		}
		for _, class := range compare.ClassesOf(runs, f.breakdown == bySpoiledClass) {
			add(f.name, f.unit, &class, func(r *analysis.Figures) *int64 { return new(r.Loss.ClassTotal(class)) })
		}
	}
	return c
}

// breakdown says which rows by class follow the row of a figure.
type breakdown int

const (
	whole breakdown = iota
	byLostClass
	bySpoiledClass
)

// figures lists the figures of the comparison.
var figures = []struct {
	name, unit string
	breakdown  breakdown
	value      func(*analysis.Figures) *int64
}{
	{"started", "requests", whole, func(r *analysis.Figures) *int64 { return &r.Run.Counts.Started }},
	{"ok", "requests", whole, func(r *analysis.Figures) *int64 { return &r.Run.Counts.OK }},
	{"lost", "requests", byLostClass, func(r *analysis.Figures) *int64 { return &r.Run.Counts.Lost }},
	{"spoiled", "requests", bySpoiledClass, func(r *analysis.Figures) *int64 { return &r.Run.Counts.Spoiled }},
	{"windows", "windows", whole, func(r *analysis.Figures) *int64 { return new(int64(len(r.Loss.Windows))) }},
	{"lossTime", "ns", whole, func(r *analysis.Figures) *int64 { return &r.Loss.Time }},
	{"p50", "ns", whole, func(r *analysis.Figures) *int64 { return latencyAt(r.Run, 50) }},
	{"p99", "ns", whole, func(r *analysis.Figures) *int64 { return latencyAt(r.Run, 99) }},
}

// latencyAt returns a percentile of the response latency in ns; nil without
// responses.
func latencyAt(run *record.Run, percent float64) *int64 {
	l := analysis.Responded(run)
	if l.Count == 0 {
		return nil
	}
	return new(l.Percentile(percent))
}

func runOf(name string, r *report.RunReport) runJSON {
	run, loss := r.Run, &r.Loss
	j := runJSON{
		Name: name, Variant: textOrNull(run.Variant), Stream: textOrNull(run.Stream), Repetition: repetitionOrNull(run), Gateway: textOrNull(run.Gateway), Products: listOf(product.Seen(run)), StartedAt: run.StartedAt, DurationNs: run.Duration,
		Interrupted: run.Interrupted, Settings: settingsOf(&run.Settings),
		Environment: environmentJSON(run.Environment), Counts: countsJSON(run.Counts),
		Identity: identityOf(loss.Identity), Checks: []checkJSON{}, Summary: summaryOf(&r.Summary),
		Connections: connectionsOf(run.Connections), TLS: tlsOf(run), HTTP2: streams.DocumentOf(&loss.Streams), LateTicks: run.Late,
		Classes: []classJSON{}, Findings: []findingJSON{}, Endpoints: []endpointJSON{},
		WindowGapNs: loss.Gap, BinWidthNs: run.Bins.Width, Windows: []windowJSON{}, LossTimeNs: loss.Time, Unlisted: run.LostUnlisted,
		Marks: marksOf(run), Baseline: baselineOf(loss.Baseline), Event: eventOf(loss.Event),
		EventError: textOrNull(loss.Event.Err), Limits: limitsOf(r),
		Hidden: loss.Hidden, RecoveryNs: knownTime(loss.Recovery), Slower: slowerOf(loss.Slower),
		Responses: responsesOf(run.Responses), Traces: tracesOf(run.Traces), Probes: probesOf(run), Notes: listOf(notesOf(r)),
	}
	if run.Counts.Started > 0 {
		j.LastStartNs = &loss.Event.LoadOver
	}
	if loss.Event.Known {
		j.Outside = &loss.Outside
	}
	for _, c := range check.Run(&r.Figures) {
		j.Checks = append(j.Checks, checkOf(c))
	}
	for _, c := range loss.Classes {
		j.Classes = append(j.Classes, classOf(c))
	}
	for i := range r.Findings {
		j.Findings = append(j.Findings, findingOf(&r.Findings[i]))
	}
	for _, e := range loss.Endpoints {
		j.Endpoints = append(j.Endpoints, endpointOf(e))
	}
	for i := range loss.Windows {
		j.Windows = append(j.Windows, windowOf(&loss.Windows[i]))
	}
	return j
}

func checkOf(c check.Result) checkJSON {
	j := checkJSON{string(c.Rule), c.Check, textOrNull(c.Met), nil, outcomeName(c.Outcome), textOrNull(c.Reason)}
	if c.Found.Known {
		j.Value = &c.Found.Value
	}
	return j
}

func settingsOf(s *record.Settings) settingsJSON {
	return settingsJSON{
		URL: s.URL, Method: s.Method, Requests: positive(s.Requests), Workers: s.Workers, RatePerWorker: s.Rate,
		DurationNs: positive(int64(s.Duration)), TimeoutNs: positive(int64(s.Timeout)), ConnectTimeoutNs: positive(int64(s.ConnectTimeout)),
		KeepAlive: s.KeepAlive, Redirects: s.Redirects, OK: string(s.OK), MaxBody: positive(s.MaxBody),
		ExpectBody: textOrNull(s.ExpectBody), ExpectHeaders: listOf(s.ExpectHeaders), EndpointHeader: textOrNull(s.EndpointHeader), Engine: string(s.Engine),
	}
}

func identityOf(err error) identityJSON {
	if err == nil {
		return identityJSON{Holds: true}
	}
	return identityJSON{Contradiction: new(err.Error())}
}

func summaryOf(s *analysis.Summary) summaryJSON {
	j := summaryJSON{
		TotalNs: nanoseconds(s.Total), RequestsPerSecond: s.PerSecond, Responded: s.Responded, Bytes: s.TotalBytes,
		Histogram: []bucketJSON{}, Percentiles: []percentileJSON{}, Phases: []phaseJSON{}, Statuses: []statusJSON{}, Errors: []errorJSON{},
	}
	for _, c := range s.Statuses {
		j.Statuses = append(j.Statuses, statusJSON(c))
	}
	for _, e := range s.Errors {
		j.Errors = append(j.Errors, errorJSON(e))
	}
	if s.Responded == 0 {
		return j
	}
	j.SlowestNs, j.FastestNs, j.AverageNs = new(nanoseconds(s.Slowest)), new(nanoseconds(s.Fastest)), new(nanoseconds(s.Average))
	j.BytesPerResponse = &s.BytesPerRequest
	for _, b := range s.Histogram {
		j.Histogram = append(j.Histogram, bucketJSON{nanoseconds(b.Mark), b.Count})
	}
	for _, p := range s.Percentiles {
		j.Percentiles = append(j.Percentiles, percentileJSON{p.Percent, nanoseconds(p.Latency)})
	}
	for _, p := range s.Phases {
		j.Phases = append(j.Phases, phaseJSON{p.Name, nanoseconds(p.Average), nanoseconds(p.Fastest), nanoseconds(p.Slowest)})
	}
	return j
}

func connectionsOf(c record.ConnectionCount) connectionsJSON {
	return connectionsJSON{Opened: c.Opened, Stale: c.Stale, FinWaited: c.Waited, FinOurs: c.Ours, Surplus: c.Surplus}
}

func tlsOf(run *record.Run) *tlsJSON {
	h := run.TLS
	if h == nil {
		return nil
	}
	j := &tlsJSON{Handshakes: h.Done, BusyNs: h.Busy, Agreed: []agreedJSON{}}
	if run.Settings.TLSResume {
		j.Resumed = &h.Resumed
	}
	for _, a := range h.Agreed {
		j.Agreed = append(j.Agreed, agreedJSON{Version: a.Version, Cipher: a.Cipher, ALPN: textOrNull(a.ALPN), Count: a.Count})
	}
	return j
}

func classOf(c analysis.ClassLoss) classJSON {
	info := c.Class.Info()
	processed, _, _ := strings.Cut(string(info.Processed), ",") // drops the rest of "yes, at least in part"
	if c.Redirected > 0 && info.Processed == record.Never {
		processed = string(record.Possibly)
	}
	return classJSON{
		Class: c.Class.String(), Spoiled: c.Spoiled, Count: c.Total(), Fresh: c.Fresh, Reused: c.Reused,
		Processed: processed, SafeToRetry: c.SafeToRetry(), Cause: info.Cause, Remedy: info.Remedy, Sample: textOrNull(c.Sample),
	}
}

func findingOf(f *diagnosis.Finding) findingJSON {
	j := findingJSON{
		Rule: f.Rule, Code: string(f.Code), Title: f.Title, Lost: f.Lost, Confidence: string(f.Confidence),
		MeasuredNs: bounded(f.Measured), NeededNs: bounded(f.Needed), Evidence: listOf(f.Evidence), Remedies: []remedyJSON{},
		Settings: []remedySettingJSON{},
	}
	for _, r := range f.Remedies {
		j.Remedies = append(j.Remedies, remedyJSON(r))
	}
	for i := range f.Settings {
		j.Settings = append(j.Settings, remedySettingOf(&f.Settings[i]))
	}
	return j
}

func remedySettingOf(r *record.Remedy) remedySettingJSON {
	version, _ := strings.CutPrefix(r.Object, r.Product+" ")
	if version == r.Object {
		version = "" // of any version
	}
	return remedySettingJSON{
		Product: r.Product, Version: textOrNull(version), Object: textOrNull(r.Part), Setting: r.Setting, Value: r.Value,
		Unit: textOrNull(r.Unit), AtLeast: r.AtLeast, Above: textOrNull(r.Above),
	}
}

func endpointOf(e analysis.EndpointLoss) endpointJSON {
	j := endpointJSON{
		Name: textOrNull(e.Name), OK: e.OK, Lost: e.Lost, Classes: []classCountJSON{},
		FirstConnectNs: knownTime(e.Seen.FirstConnect), LastConnectNs: knownTime(e.Seen.LastConnect),
		FirstResponseNs: knownTime(e.Seen.FirstResponse), LastResponseNs: knownTime(e.Seen.LastResponse),
	}
	for _, c := range e.Classes {
		j.Classes = append(j.Classes, classCountJSON{c.Class.String(), c.Total()})
	}
	return j
}

func windowOf(w *analysis.Window) windowJSON {
	j := windowJSON{
		BeginNs: w.Begin, EndNs: w.End, Started: w.Exposed, Lost: w.Lost, InFlight: w.InFlight, Reused: w.Reused,
		Unlisted: w.Unlisted, Connections: w.Connections, Classes: []classCountJSON{}, Endpoints: listOf(w.Endpoints),
		SlowestResponseNs: positive(w.Slowest), BeginsNear: relationOf(w.BeginNear), EndsNear: relationOf(w.EndNear),
	}
	if w.Exposed > 0 {
		j.LossRatio = new(w.Ratio())
	}
	for _, c := range w.Classes {
		j.Classes = append(j.Classes, classCountJSON{c.Class.String(), c.Count})
	}
	return j
}

func relationOf(r analysis.Relation) *relationJSON {
	if !r.Known {
		return nil
	}
	return &relationJSON{Kind: string(r.Mark.Kind), Name: r.Mark.Name, DistanceNs: r.Distance}
}

// marksOf returns each mark with the times from its start to the first and the
// last loss after it.
func marksOf(run *record.Run) []markJSON {
	list := []markJSON{}
	losses := analysis.Failures(run)
	var last int64
	for _, s := range losses {
		last = max(last, s.Until)
	}
	for _, m := range run.Marks {
		j := markJSON{Kind: string(m.Kind), Name: m.Name, Endpoint: textOrNull(m.Endpoint), StartNs: m.Start, EndNs: m.End, Error: textOrNull(m.Error), Address: textOrNull(m.Address), Shutdown: shutdownOf(m.Shutdown), Output: listOf(m.Output)}
		first, _ := slices.BinarySearchFunc(losses, m.Start, func(s analysis.Failure, at int64) int { return int(min(1, max(-1, s.From-at))) })
		if first < len(losses) {
			j.FirstLossNs, j.LastLossNs = new(losses[first].From-m.Start), new(last-m.Start)
		}
		list = append(list, j)
	}
	return list
}

func shutdownOf(s *record.Shutdown) *shutdownJSON {
	if s == nil {
		return nil
	}
	j := &shutdownJSON{PreStop: textOrNull(s.PreStop), Signal: textOrNull(s.Signal)}
	if s.Grace > 0 {
		j.GraceNs = &s.Grace
	}
	return j
}

func baselineOf(b analysis.Baseline) *baselineJSON {
	if !b.Known {
		return nil
	}
	j := &baselineJSON{UntilNs: b.Until, OK: b.OK, Lost: b.Lost, Classes: []steadinessJSON{}}
	for _, c := range b.Classes {
		j.Classes = append(j.Classes, steadinessJSON{
			Class: c.Class.String(), Before: lostOfJSON(c.Before), After: lostOfJSON(c.After),
			Outcome: string(c.Outcome), Added: c.Added, P: c.P,
		})
	}
	return j
}

func eventOf(e analysis.Event) *eventJSON {
	if !e.Known {
		return nil
	}
	return &eventJSON{BeginNs: e.Begin, EndNs: e.End, InsideLoad: e.Inside()}
}

func limitsOf(r *report.RunReport) limitsJSON {
	l := r.Loss.Limits
	j := limitsJSON{Endpoints: l.Of, RequestsPerSecond: l.Rate, SmallestOutageNs: bounded(l.Smallest(1))}
	if r.Run.Counts.OK+r.Run.Counts.Lost > r.Loss.Streams.TurnedAway {
		j.LossRatioBound = &l.UpperBound
	}
	if k := analysis.EndpointsLeft(&r.Loss); k > 0 {
		j.Left, j.SmallestOutageOfLeftNs = &k, bounded(l.Smallest(k))
	}
	return j
}

func slowerOf(s analysis.Slower) *slowerJSON {
	if !s.Known {
		return nil
	}
	bound := func(b analysis.LatencyBound) latencyBoundJSON {
		return latencyBoundJSON{Count: b.Count, P99Ns: b.P99, MaxNs: b.Max}
	}
	return &slowerJSON{Notable: s.Notable(), Baseline: bound(s.Baseline), Event: bound(s.Event)}
}

func responsesOf(responses []record.ErrorResponse) []responseJSON {
	list := []responseJSON{}
	for _, a := range responses {
		list = append(list, responseJSON{a.Status, textOrNull(a.Server), listOf(a.Fields), textOrNull(a.Body), a.Count})
	}
	return list
}

func tracesOf(traces []record.Trace) []traceJSON {
	list := []traceJSON{}
	for _, t := range traces {
		j := traceJSON{StartNs: t.Start, Class: t.Class.String(), Endpoint: textOrNull(t.Endpoint), Steps: []traceStepJSON{}}
		for _, s := range t.Steps {
			j.Steps = append(j.Steps, traceStepJSON{s.At, s.What, textOrNull(s.Error)})
		}
		list = append(list, j)
	}
	return list
}

// listOf returns an empty list for nil, which JSON would write as null.
func listOf(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// knownTime returns nil for -1, which means never.
func knownTime(ns int64) *int64 {
	if ns < 0 {
		return nil
	}
	return &ns
}

// positive returns nil for 0 and below.
func positive(n int64) *int64 {
	if n <= 0 {
		return nil
	}
	return &n
}

// bounded returns nil for 0 and for the largest int64, which means no limit.
func bounded(ns int64) *int64 {
	if ns == math.MaxInt64 {
		return nil
	}
	return positive(ns)
}

func nanoseconds(s float64) int64 { return int64(math.Round(s * 1e9)) }
