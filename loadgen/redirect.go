package loadgen

import (
	"errors"
	"net/url"
	"strconv"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

var (
	errTooManyRedirects = errors.New("stopped after 10 redirects")
	errUnfollowable     = errors.New("the redirect is not to an http:// or https:// URL")
)

// quote is a Location as texts show it.
func quote(location []byte) string { return strconv.Quote(safetext.MaskForeignURL(string(location))) }

// maxRedirects is how many redirects a chain may have; hey's number.
const maxRedirects = 10

// redirect is the next hop of an answer that redirects, nil for any other.
func (j *Job) redirect(p *h1.Parser, at *hop, followed int) (*hop, *failure) {
	location := p.Captured(capturedLocation)
	if !j.Redirects || len(location) == 0 {
		return nil, nil
	}
	method, body := at.method, at.body
	switch p.Status() {
	case 301, 302, 303:
		if method != "HEAD" {
			method = "GET"
		}
		body = payload{}
	case 307, 308:
	default:
		return nil, nil
	}
	if followed == maxRedirects {
		return nil, &failure{stage: record.StageHead, err: errTooManyRedirects, text: errTooManyRedirects.Error()}
	}
	ref, err := url.Parse(escapeURL(string(location)))
	if err != nil {
		return nil, &failure{stage: record.StageHead, err: err, text: "failed to parse Location header " + quote(location)}
	}
	t, slipped := readTarget(at.target.url.ResolveReference(ref).String())
	if slipped != nil {
		return nil, &failure{stage: record.StageHead, err: errUnfollowable, text: "cannot follow Location header " + quote(location)}
	}
	sameHost := at.sameHost && t.origin() == j.First.target.origin()
	next := j.NewHop(t, method, body, sameHost)
	return &next, nil
}
