package record

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record/length"
	"nodrop/loadgen/record/secure"
)

// Part is a run of the same load by another recorder, such as a worker's.
type Part struct {
	Run        *Run
	Offset     int64 // ns, not negative: how much later its run began
	Connection int64 // added to the numbers of its connections, to make them unique
}

// Merge adds parts to r and leaves the parts unchanged. The result is what one
// recorder would have made of all the results: counts and histograms add up,
// and details beyond the limits are only in the counts. It differs in three
// ways, and only beyond those limits or with an offset: a bin, or a slot of
// Lengths, moves as a whole, to the one in which it begins; texts that were
// counted together stay together; and of more than 10,000 endpoints, those first
// in alphabetical order keep their names.
//
// Settings, Environment, variant, checks and StartedAt stay r's; offsets count
// from that StartedAt. An error means that the sum breaks the identity.
func (r *Run) Merge(parts ...Part) error {
	sum := newSum(r)
	for _, p := range parts {
		sum.add(p)
		r.addCounts(p.Run)
		r.addTimes(p)
		r.addMarks(p)
		r.addProbes(p)
	}
	sum.write(r)
	r.Bins.sort()
	SortMarks(r.Marks)
	return r.Counts.Check()
}

func (r *Run) addCounts(o *Run) {
	c, n := &r.Counts, o.Counts
	c.Planned, c.Started, c.Unsent = c.Planned+n.Planned, c.Started+n.Started, c.Unsent+n.Unsent
	c.OK, c.Lost, c.Spoiled, c.Aborted = c.OK+n.OK, c.Lost+n.Lost, c.Spoiled+n.Spoiled, c.Aborted+n.Aborted
	if r.Statuses == nil {
		r.Statuses = map[int]int64{}
	}
	for status, n := range o.Statuses {
		r.Statuses[status] += n
	}
	r.Connections.add(o.Connections)
	r.TLS = secure.Sum(r.TLS, o.TLS)
	r.Bytes = saturated(r.Bytes, o.Bytes)
	r.Unproven += o.Unproven
	r.Late += o.Late
	r.Interrupted = r.Interrupted || o.Interrupted
	r.Products = slices.Compact(slices.Sorted(slices.Values(slices.Concat(r.Products, o.Products))))
}

func (r *Run) addTimes(p Part) {
	r.Duration = max(r.Duration, p.Run.Duration+p.Offset)
	for i, to := range r.latencies() {
		to.Merge(p.Run.latencies()[i])
	}
	r.Bins.add(&p.Run.Bins, p.Offset)
	r.Lengths = length.Sum(r.Lengths, p.Run.Lengths, p.Offset)
}

// addMarks adds marks, notes and traces.
func (r *Run) addMarks(p Part) {
	for _, m := range p.Run.Marks {
		m.Start, m.End = m.Start+p.Offset, m.End+p.Offset
		r.Marks = append(r.Marks, m)
	}
	for _, note := range p.Run.Notes {
		if !slices.Contains(r.Notes, note) {
			r.Notes = append(r.Notes, note)
		}
	}
	for _, t := range p.Run.Traces {
		t.Start += p.Offset
		t.Steps = slices.Clone(t.Steps)
		for i := range t.Steps {
			t.Steps[i].At += p.Offset
		}
		r.Traces = append(r.Traces, t)
	}
}

// add adds each of o's bins as a whole to the bin in which it begins.
func (b *Bins) add(o *Bins, offset int64) {
	if len(o.List) == 0 {
		return
	}
	if b.Width == 0 {
		b.Width = o.Width
	}
	end := (int64(len(o.List))-1)*o.Width + offset
	for b.Width < o.Width || end/b.Width >= MaxBins {
		b.double()
	}
	for len(b.List) <= int(end/b.Width) {
		b.List = append(b.List, Bin{})
	}
	for i := range o.List {
		b.List[(int64(i)*o.Width+offset)/b.Width].merge(&o.List[i])
	}
}

func (b *Bins) double() {
	b.Width *= 2
	for i := range b.List {
		if i%2 == 0 {
			b.List[i/2] = b.List[i]
		} else {
			b.List[i/2].merge(&b.List[i])
		}
	}
	b.List = b.List[:(len(b.List)+1)/2]
}

// sort puts the losses of each bin in the order of their classes.
func (b *Bins) sort() {
	for i := range b.List {
		slices.SortFunc(b.List[i].Lost, func(a, b BinLoss) int { return cmp.Compare(a.Class, b.Class) })
	}
}

// sum collects the parts of runs that plain addition cannot merge.
type sum struct {
	outcomes  map[Outcome]int64 // the key's Count is 0
	endpoints map[string]EndpointSeen
	lost      lostDetails
	samples   classTexts
	responses classTexts
}

func newSum(r *Run) *sum {
	s := &sum{
		outcomes: map[Outcome]int64{}, endpoints: map[string]EndpointSeen{},
		samples: classTexts{most: MaxSamples}, responses: classTexts{most: maxResponses},
	}
	s.add(Part{Run: r})
	return s
}

func (s *sum) add(p Part) {
	for _, o := range p.Run.Outcomes {
		key := o
		key.Count = 0
		s.outcomes[key] += o.Count
	}
	for _, e := range p.Run.Endpoints {
		s.addEndpoint(e, p.Offset)
	}
	for _, sample := range p.Run.Samples {
		s.addText(&s.samples, sample.Class, sample.Text, otherSamples(sample.Class).text, sample.Count)
	}
	for _, a := range p.Run.Responses {
		rest := ErrorResponse{Status: a.Status}
		s.addText(&s.responses, StatusClass(a.Status), string(a.Text()), string(rest.Text()), a.Count)
	}
	for _, l := range p.Run.Lost {
		s.addLost(l, p)
	}
	s.lost.unlisted += p.Run.LostUnlisted
}

// addText counts a text; rest is the text of those counted together.
func (s *sum) addText(to *classTexts, class Class, text, rest string, n int64) {
	if text == rest {
		to.texts(class).rest += n
		return
	}
	to.add(class, text, n)
}

func (s *sum) addLost(l LostRequest, p Part) {
	text := ""
	if l.Sample >= 0 && l.Sample < len(p.Run.Samples) {
		text = p.Run.Samples[l.Sample].Text
	}
	l.Start, l.End, l.Sample = l.Start+p.Offset, l.End+p.Offset, -1
	if l.Connection != 0 {
		l.Connection += p.Connection
	}
	s.lost.add(lostDetail{l, text})
}

func (s *sum) addEndpoint(e EndpointSeen, offset int64) {
	for _, at := range [...]*int64{&e.FirstConnect, &e.LastConnect, &e.FirstResponse, &e.LastResponse} {
		if *at >= 0 {
			*at += offset
		}
	}
	if seen, ok := s.endpoints[e.Name]; ok {
		e.add(&seen)
	}
	s.endpoints[e.Name] = e
}

// add merges what another recorder saw of the same endpoint.
func (e *EndpointSeen) add(o *EndpointSeen) {
	e.FirstConnect = earliest(e.FirstConnect, o.FirstConnect)
	e.FirstResponse = earliest(e.FirstResponse, o.FirstResponse)
	e.LastConnect = max(e.LastConnect, o.LastConnect)
	e.LastResponse = max(e.LastResponse, o.LastResponse)
}

func (s *sum) write(r *Run) {
	s.boundEndpoints()
	r.Outcomes, r.Endpoints = []Outcome{}, []EndpointSeen{}
	for o, n := range s.outcomes {
		o.Count = n
		r.Outcomes = append(r.Outcomes, o)
	}
	for _, e := range s.endpoints {
		r.Endpoints = append(r.Endpoints, e)
	}
	r.sortOutcomes()
	r.Responses = s.responses.responses()
	r.explainLost(&s.lost, &s.samples)
}

// boundEndpoints renames the endpoints beyond the limit to the shared name.
func (s *sum) boundEndpoints() {
	names := make([]string, 0, len(s.endpoints))
	for name := range s.endpoints {
		if name != otherEndpoints {
			names = append(names, name)
		}
	}
	if len(names) <= MaxEndpoints {
		return
	}
	slices.Sort(names)
	over := map[string]bool{}
	for _, name := range names[MaxEndpoints:] {
		over[name] = true
		e := s.endpoints[name]
		delete(s.endpoints, name)
		e.Name = otherEndpoints
		s.addEndpoint(e, 0)
	}
	for o, n := range s.outcomes {
		if over[o.Endpoint] {
			delete(s.outcomes, o)
			o.Endpoint = otherEndpoints
			s.outcomes[o] += n
		}
	}
	for i := range s.lost.list {
		if over[s.lost.list[i].Endpoint] {
			s.lost.list[i].Endpoint = otherEndpoints
		}
	}
}
