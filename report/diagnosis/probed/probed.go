// Package probed puts into words what the probes beside a load say about the
// losses of one finding: this connection only, this endpoint, or the whole
// target; listener gone or process stuck.
//
// What answers at an address may be one process or a balancer in front of many.
// Only a mark that names the endpoint tells, so without one nothing is said
// about a process.
package probed

import (
	"cmp"
	"fmt"
	"slices"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/probe"
	"nodrop/report/phrase"
)

// Losses are those of one finding.
type Losses struct {
	Lost      []*record.LostRequest  // in order of failure
	Endpoints int                    // how many endpoints they were on
	IsProcess func(name string) bool // marks name the endpoint, so it is one process
	Called    func(name string) string
}

// Said is what the probes say about them.
type Said struct {
	losses  Losses
	probes  *probe.Probes
	replies []*reply
	first   map[string]probe.Answer // for each endpoint, after its first loss with an answer
}

// reply is one answer, and the losses after which it came.
type reply struct {
	answer    probe.Answer
	through   bool // through an address that replicas share
	losses    int
	endpoints map[string]bool
	soonest   *record.Probe
	after     int64 // ns; from the loss to soonest
}

// Hear asks the probes about each loss.
func Hear(p *probe.Probes, l Losses) *Said {
	s := &Said{losses: l, probes: p, first: map[string]probe.Answer{}}
	for _, lost := range l.Lost {
		one, answer := p.Answer(lost)
		if answer == probe.Nothing {
			continue
		}
		if _, known := s.first[lost.Endpoint]; !known {
			s.first[lost.Endpoint] = answer
		}
		s.reply(answer, one.Through).add(lost, one)
	}
	slices.SortStableFunc(s.replies, func(a, b *reply) int { return cmp.Compare(b.losses, a.losses) })
	return s
}

func (s *Said) reply(answer probe.Answer, through bool) *reply {
	for _, r := range s.replies {
		if r.answer == answer && r.through == through {
			return r
		}
	}
	r := &reply{answer: answer, through: through, endpoints: map[string]bool{}}
	s.replies = append(s.replies, r)
	return r
}

func (r *reply) add(lost *record.LostRequest, one *record.Probe) {
	r.losses++
	r.endpoints[lost.Endpoint] = true
	if after := one.Start - lost.End; r.soonest == nil || after < r.after {
		r.soonest, r.after = one, after
	}
}

// Settled is what the probes show about all endpoints of the losses.
type Settled struct {
	Answer  probe.Answer // Nothing unless they agree
	Process bool         // each endpoint is a process
	Always  bool         // every loss has this answer, not only the first one on each endpoint
}

// Settle returns what the probes show. They must agree on every endpoint, and
// must not have gone through an address that replicas share.
func (s *Said) Settle() Settled {
	if len(s.first) == 0 || len(s.first) < s.losses.Endpoints || slices.ContainsFunc(s.replies, func(r *reply) bool { return r.through }) {
		return Settled{}
	}
	settled := Settled{Process: true, Always: len(s.replies) == 1}
	for name, answer := range s.first {
		if settled.Answer != probe.Nothing && answer != settled.Answer {
			return Settled{}
		}
		settled.Answer = answer
		settled.Process = settled.Process && s.losses.IsProcess(name)
	}
	return settled
}

// Lines are the evidence, one sentence for each answer, and one about how long
// the outage lasted.
func (s *Said) Lines() []string {
	var lines []string
	for _, r := range s.replies {
		line := s.subject(r) + " " + s.verb(r)
		if r.losses < len(s.losses.Lost) {
			line += fmt.Sprintf(" (probed after %s of %s losses)", phrase.Number(int64(r.losses)), phrase.Number(int64(len(s.losses.Lost))))
		}
		lines = append(lines, line)
	}
	if line := s.outage(); line != "" {
		lines = append(lines, line)
	}
	return lines
}

func (s *Said) subject(r *reply) string {
	switch n := len(r.endpoints); {
	case r.through && n == 1:
		return fmt.Sprintf("a new connection through %s %s later", s.losses.Called(r.soonest.Endpoint), phrase.Duration(r.after))
	case n == 1:
		return fmt.Sprintf("a new connection to %s %s later", s.losses.Called(r.soonest.Endpoint), phrase.Duration(r.after))
	default:
		return fmt.Sprintf("new connections to %d endpoints, the first %s later,", n, phrase.Duration(r.after))
	}
}

// verb says what the connections met, and what that means.
func (s *Said) verb(r *reply) string {
	n := int64(len(r.endpoints))
	was := phrase.Choose(n, "was", "were")
	process := !r.through && s.processes(r)
	switch {
	case r.answer == probe.Gone && process:
		return was + " refused: " + phrase.Choose(n, "its listener was gone", "their listeners were gone")
	case r.answer == probe.Gone:
		return was + " refused: nothing listened there"
	case r.answer == probe.Works:
		return was + " accepted and got a response: " + s.unaffected(r, process)
	case r.answer == probe.Listens:
		return was + " accepted: something still listened there"
	case r.answer == probe.Silent:
		return "got no reply: the address was gone, or its packets were dropped"
	case r.answer == probe.Stuck && process:
		return "connected and got no response in " + waited(r) + ": " + phrase.Choose(n, "its process was stuck", "their processes were stuck")
	case r.answer == probe.Stuck:
		return "connected and got no response in " + waited(r) + ": what accepts connections there did not respond"
	case r.answer == probe.Failing:
		return fmt.Sprintf("got status %d: connections are accepted there, but requests are not served", r.soonest.Status)
	}
	return was + " cut, too: it was not only the connections of the lost requests"
}

func (s *Said) processes(r *reply) bool {
	for name := range r.endpoints {
		if !s.losses.IsProcess(name) {
			return false
		}
	}
	return true
}

// unaffected says what a connection that worked shows. process: to one process.
func (s *Said) unaffected(r *reply, process bool) string {
	switch {
	case r.through:
		return "the rest of the target worked"
	case process:
		return phrase.Choose(int64(r.losses), "only this connection was affected", "only the connections of the lost requests were affected")
	}
	return "the address as a whole worked"
}

func waited(r *reply) string { return phrase.Duration(r.soonest.End - r.soonest.Connected) }

// outage says between which times the endpoints did not work; "" if no probe
// failed.
func (s *Said) outage() string {
	seen := map[string]bool{}
	var one probe.Outage
	again, last := 0, int64(0)
	for _, lost := range s.losses.Lost {
		if seen[lost.Endpoint] {
			continue
		}
		o, known := s.probes.OutageAt(lost)
		if !known {
			continue
		}
		seen[lost.Endpoint], one = true, o
		if o.FirstOK >= 0 {
			again, last = again+1, max(last, o.FirstOK)
		}
	}
	switch n := len(seen); {
	case n == 0:
		return ""
	case n == 1:
		return span(one)
	case again == 0:
		return fmt.Sprintf("on none of the %d endpoints did a later probe work", n)
	default:
		return fmt.Sprintf("%d of %d endpoints worked again, the last one by %s", again, n, phrase.Moment(last))
	}
}

// span says between which times one endpoint stopped working, and worked again.
func span(o probe.Outage) string {
	text := "the first probe that failed ended at " + phrase.Moment(o.FirstFailed)
	if o.LastOK >= 0 {
		text = fmt.Sprintf("it stopped working between %s and %s", phrase.Moment(o.LastOK), phrase.Moment(o.FirstFailed))
	}
	switch {
	case o.FirstOK < 0 && o.LastFailed > o.FirstFailed:
		return text + "; no later probe worked, the last one at " + phrase.Moment(o.LastFailed)
	case o.FirstOK < 0:
		return text + "; no later probe worked"
	}
	return text + fmt.Sprintf("; it worked again between %s and %s", phrase.Moment(o.LastFailed), phrase.Moment(o.FirstOK))
}
