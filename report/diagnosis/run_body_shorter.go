package diagnosis

import (
	"fmt"

	"nodrop/report/diagnosis/observed"
	"nodrop/report/phrase"
)

// bodyShorter: bodies whose end the protocol does not prove were shorter during
// the event only. They are counted as ok.
type bodyShorter struct{}

func (bodyShorter) explain(s *observed.Observation, _ []Finding) (Finding, bool) {
	shorter := s.Loss.Shorter
	f := Finding{
		Title:      phrase.Shorter(shorter),
		Confidence: Shown,
		Evidence: []string{
			"they count as ok: the responses did not say how long their bodies are (chunked, or HTTP/1.0 that ends with the connection), and a gateway whose upstream does not say either passes on a body that was cut short as a whole one",
		},
		Remedies: []Remedy{
			{"any", "say what a body must be, and a shorter one is lost: --expect-body length:N, sha256:HEX, or a regular expression for its end; N is its length after decompression"},
			{"any", "let the upstream send a Content-Length, or chunks over HTTP/1.1 (in nginx, proxy_http_version 1.1): the gateway then notices a body that is cut short"},
		},
	}
	if event := s.Loss.Event; event.Known && event.End > event.Begin {
		f.Evidence = append(f.Evidence, fmt.Sprintf("the event lasted from %s to %s", phrase.Moment(event.Begin), phrase.Moment(event.End)))
	}
	return f, shorter.Notable()
}
