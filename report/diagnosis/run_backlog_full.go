package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/report/analysis"
	"nodrop/report/analysis/handshake"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// backlogFull: connections came about only when the kernel sent its request
// (SYN) again.
type backlogFull struct{}

func (backlogFull) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	t := handshake.Of(s.Run)
	if !t.Repeated() {
		return Finding{}, false
	}
	var steps []string
	for _, r := range t.Repeats {
		steps = append(steps, fmt.Sprintf("%s after about %d s", phrase.Number(r.Count), r.Seconds))
	}
	f := Finding{
		Title: fmt.Sprintf("%s about %d s or more, until the kernel asked again: the target's accept queue (backlog) was full, or packets were lost",
			phrase.Counted(t.Late, "connection took", "connections took"), t.Repeats[0].Seconds),
		Confidence: Likely,
		Measured:   t.Longest,
		Evidence: []string{
			fmt.Sprintf("connected: %s; %s others in less than %s, %s between", strings.Join(steps, ", "), phrase.Number(t.Prompt), phrase.Duration(handshake.Prompt), phrase.Number(t.Other)),
			"a kernel drops connection requests (SYN) that its accept queue has no room for; the client's kernel repeats them after 1 s, then less and less often",
		},
		Remedies: raiseBacklog(),
	}
	if t.Until > 0 {
		f.Evidence = append(f.Evidence, fmt.Sprintf("their responses ended between %s and %s", phrase.Moment(t.From), phrase.Moment(t.Until)))
	}
	if t.Unanswered > 0 {
		f.Evidence = append(f.Evidence, phrase.Counted(t.Unanswered, "more connection attempt got", "more connection attempts got")+" no reply in time (connect.timeout)")
	}
	f.Evidence = append(f.Evidence, "packets that are lost on the way look the same from here; on the target, netstat -s counts how often a listen queue overflowed")
	switch {
	case slices.ContainsFunc(s.Lifecycles, func(l analysis.Lifecycle) bool { return l.Left() }):
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "so does an address whose endpoint is gone, or not there yet: endpoints left in this run")
	case s.Shapes.Eventful() && (t.Until == 0 || t.Until >= s.Before):
		f.Confidence = CannotTell
		f.Evidence = append(f.Evidence, "so does an address whose endpoint is gone, or not there yet: what was done to the target may have taken one away")
	}
	return f, true
}

// raiseBacklog returns the settings for the length of the accept queue.
func raiseBacklog() []Remedy {
	return []Remedy{
		{"any", "raise the listen backlog of whatever accepts these connections, or let it accept faster"},
		{"Linux", "net.core.somaxconn, in the target's network namespace, limits every backlog"},
		{"nginx", "listen … backlog=4096"},
		{"HAProxy", "bind … backlog 4096"},
		{"gunicorn", "--backlog 4096"},
		{"Tomcat, Spring Boot", "acceptCount, server.tomcat.accept-count"},
		{"Node.js", "server.listen({port, backlog: 4096})"},
	}
}
