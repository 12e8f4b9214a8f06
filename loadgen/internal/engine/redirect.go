package engine

import (
	"errors"
	"net/url"
	"strconv"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

var (
	errTooManyRedirects = errors.New("stopped after 10 redirects")
	errUnfollowable     = errors.New("the redirect is not to an http:// or https:// URL")
)

func quote(location []byte) string { return strconv.Quote(safetext.MaskForeignURL(string(location))) }

// maxRedirects is the most redirects in a chain, as in hey.
const maxRedirects = 10

// Redirect returns the next hop of a response that redirects, nil for any
// other.
func (j *Job) Redirect(p Response, at *Hop, followed int) (*Hop, *Failure) {
	location := p.Captured(capturedLocation)
	if !j.Redirects || len(location) == 0 {
		return nil, nil
	}
	method, body := at.Method, at.Body
	switch p.Status() {
	case 301, 302, 303:
		if method != "HEAD" {
			method = "GET"
		}
		body = Payload{}
	case 307, 308:
	default:
		return nil, nil
	}
	if followed == maxRedirects {
		return nil, &Failure{Stage: record.StageHead, Err: errTooManyRedirects, Text: errTooManyRedirects.Error()}
	}
	ref, err := url.Parse(target.EscapeURL(string(location)))
	if err != nil {
		return nil, &Failure{Stage: record.StageHead, Err: err, Text: "failed to parse Location header " + quote(location)}
	}
	t, slipped := target.Read(at.Target.URL.ResolveReference(ref).String())
	if slipped != nil {
		return nil, &Failure{Stage: record.StageHead, Err: errUnfollowable, Text: "cannot follow Location header " + quote(location)}
	}
	sameHost := at.SameHost && t.Origin() == j.First.Target.Origin()
	next := j.NewHop(t, method, body, sameHost)
	return &next, nil
}
