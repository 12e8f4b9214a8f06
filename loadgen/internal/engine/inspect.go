package engine

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"nodrop/loadgen/internal/expect"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// errBodyTooLong means that the body exceeds --max-body.
var errBodyTooLong = errors.New("body too long")

// Inspector checks what responses carry beyond their framing: whether the body
// is within --max-body, its content is whole, and it is what --expect-body asks
// for. Of a response that is a loss it keeps what the response says.
type Inspector struct {
	Job       *Job
	Secured   bool          // the connection tells an orderly end from a cut, as TLS does
	content   inflater      // checks the current body
	expected  *expect.Check // of the current body, decompressed; nil without --expect-body
	errorBody []byte        // the beginning of the body of a response with an unexpected status
	response  []byte        // what is recorded of that response
	senders                 // of ok responses
}

// Begin makes i ready for the next response.
func (i *Inspector) Begin() {
	i.errorBody = i.errorBody[:0]
	i.content.begin("")
	if i.wantsBody() {
		if i.expected == nil {
			i.expected = &expect.Check{}
		}
		if i.content.sink == nil { // not each time: a method value is an allocation
			i.content.sink = i.expected.Feed
		}
		i.expected.Begin(i.Job.Wanted.Body)
	}
}

func (i *Inspector) wantsBody() bool { return i.Job.Wanted != nil && i.Job.Wanted.Body != nil }

// Piece checks a piece of p's body. A part of a compressed body (206) cannot be
// inflated by itself.
func (i *Inspector) Piece(p Response, piece []byte) {
	if p.BodyBytes() == int64(len(piece)) && p.Status() != 206 {
		if field := p.Captured(capturedCoding); field != nil && !p.Repeated(capturedCoding) {
			i.content.begin(checkable(field)) // a repeated field means several codings
		}
	}
	if i.content.coding == "" && i.wantsBody() {
		i.expected.Feed(piece)
	}
	i.content.feed(piece)
	if room := record.MaxResponseBody - len(i.errorBody); room > 0 && !i.Job.OK[p.Status()] {
		i.errorBody = append(i.errorBody, piece[:min(room, len(piece))]...)
	}
}

// End returns what is wrong with the body, which has come to its end.
func (i *Inspector) End() error { return i.content.end() }

// Close releases what checking uses.
func (i *Inspector) Close() { i.content.close() }

// Err returns what is wrong with the body so far.
func (i *Inspector) Err(p Response) error {
	if most := i.Job.MaxBody; most > 0 && p.BodyBytes() > most {
		return errBodyTooLong
	}
	return i.content.err
}

// Failure returns the Failure of a body with a content error. If the content
// lacks its end and only the peer's close ended the body, the connection was
// cut short.
func (i *Inspector) Failure(p Response, err error) *Failure {
	if errors.Is(err, errBodyTooLong) {
		return &Failure{Stage: record.StageBody, Err: err, Text: fmt.Sprintf("body over %d bytes (--max-body)", i.Job.MaxBody)}
	}
	if e, ok := errors.AsType[*wire.ContentError](err); ok && e.Short && p.CloseDelimited() && !i.Secured {
		err = io.ErrUnexpectedEOF
	}
	return &Failure{Stage: record.StageBody, Err: err}
}

// Describe writes to r what came with p, which is whole.
func (i *Inspector) Describe(r *record.Result, p Response) {
	r.Status, r.Bytes, r.Unproven, r.Unsized = p.Status(), p.BodyBytes(), i.Unproven(p), p.Unsized()
}

// Unproven reports whether nothing shows that the body of p's response is
// whole: neither its framing, nor the connection, nor its content.
func (i *Inspector) Unproven(p Response) bool {
	return p.CloseDelimited() && !i.Secured && i.content.coding == ""
}

// Rejected returns the Failure of p, which is whole, if it lacks what
// --expect-body or --expect-header asks for; nil otherwise. A response with an
// unexpected status is a loss for that alone.
func (i *Inspector) Rejected(p Response) *Failure {
	wanted := i.Job.Wanted
	if wanted == nil || !i.Job.OK[p.Status()] {
		return nil
	}
	why := ""
	for n := range wanted.Fields {
		if why == "" {
			why = wanted.Fields[n].Judge(p.Captured(firstExpected + n))
		}
	}
	if why == "" && wanted.Body != nil {
		if why = i.expected.End(); why != "" && i.content.coding == "" {
			why += unopened(p.Captured(capturedCoding))
		}
	}
	if why == "" {
		return nil
	}
	return &Failure{Stage: record.StageBody, Err: &wire.UnwantedError{Why: why}, Text: why}
}

// unopened says of a body that was compared as it came that it is compressed.
func unopened(coding []byte) string {
	switch strings.ToLower(string(coding)) {
	case "", "identity":
		return ""
	}
	return ", compressed with " + safetext.Bounded(string(coding)) + ", which nodrop did not undo"
}

// Judge sets the fate of the Result of p's whole response.
func (i *Inspector) Judge(r *record.Result, p Response) {
	if i.Job.OK[r.Status] {
		i.note(i.Job.Products, p)
		return
	}
	r.Fate, r.Class = record.FateLost, record.StatusClass(r.Status)
	i.response = record.ResponseText(i.response, r.Status, func(n int) []byte { return p.Captured(capturedTelling + n) }, i.errorBody)
	r.Response = i.response
}

// The fields that parsers capture, in their order.
const (
	capturedLocation = iota
	capturedEndpoint
	capturedCoding
	capturedTelling                                         // the first of record.Telling
	firstExpected   = capturedTelling + len(record.Telling) // the first of expect.Wanted.Fields
)

// Captured returns the fields that parsers capture. replica is the field that
// --endpoint-header names, in lower case.
func Captured(replica string, wanted *expect.Wanted) []string {
	list := append([]string{
		capturedLocation: "location", capturedEndpoint: replica, capturedCoding: "content-encoding",
	}, record.Telling[:]...)
	if wanted != nil {
		for _, f := range wanted.Fields {
			list = append(list, f.Name)
		}
	}
	return list
}

// Replicas maps the replicas that responses name to their numbers in the
// recorder.
type Replicas struct {
	Names *record.EndpointNames
	last  []byte // the last name
	index int    // the number of last
}

// Book attributes a response to the replica that its header names, if any.
func (n *Replicas) Book(r *record.Result, p Response) {
	name := p.Captured(capturedEndpoint)
	if len(name) == 0 {
		return
	}
	if string(name) != string(n.last) {
		n.index = n.Names.ID(string(name))
		n.last = append(n.last[:0], name[:min(len(name), safetext.MaxText)]...) // a longer name is looked up each time
	}
	r.Endpoint = n.index
}
