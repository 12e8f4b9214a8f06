package engine

import (
	"errors"
	"fmt"
	"io"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// errBodyTooLong: more came than --max-body allows.
var errBodyTooLong = errors.New("body too long")

// Inspector looks at what answers carry beyond their framing: whether the body
// is as long and as whole as it may and should be, and, of a response that is a
// loss, what it says.
type Inspector struct {
	Job       *Job
	Secured   bool     // the connection tells an end from a cut, as TLS does
	content   inflater // of the body being received
	errorBody []byte   // the begin of a body that came with an unexpected status
	response  []byte   // what is kept of that response
}

// Begin makes i ready for the next answer.
func (i *Inspector) Begin() {
	i.errorBody = i.errorBody[:0]
	i.content.begin("")
}

// Piece takes a piece of p's body. Part of a compressed body (206) cannot be
// inflated by itself.
func (i *Inspector) Piece(p Response, piece []byte) {
	if p.BodyBytes() == int64(len(piece)) && p.Status() != 206 {
		if field := p.Captured(capturedCoding); field != nil && !p.Repeated(capturedCoding) {
			i.content.begin(checkable(field)) // repeated, it is several codings
		}
	}
	i.content.feed(piece)
	if room := record.MaxResponseBody - len(i.errorBody); room > 0 && !i.Job.OK[p.Status()] {
		i.errorBody = append(i.errorBody, piece[:min(room, len(piece))]...)
	}
}

// End says what was wrong with the body, now that it has come to its end.
func (i *Inspector) End() error { return i.content.end() }

// Close lets go of what checking takes.
func (i *Inspector) Close() { i.content.close() }

// Err is what is wrong with as much of the body as has come.
func (i *Inspector) Err(p Response) error {
	if most := i.Job.MaxBody; most > 0 && p.BodyBytes() > most {
		return errBodyTooLong
	}
	return i.content.err
}

// Failure is that of a body with which something is wrong. One that lacks its
// end, and that nothing but the peer's close ended, was cut short by it.
func (i *Inspector) Failure(p Response, err error) *Failure {
	if errors.Is(err, errBodyTooLong) {
		return &Failure{Stage: record.StageBody, Err: err, Text: fmt.Sprintf("body over %d bytes (--max-body)", i.Job.MaxBody)}
	}
	if e, ok := errors.AsType[*wire.ContentError](err); ok && e.Short && p.CloseDelimited() && !i.Secured {
		err = io.ErrUnexpectedEOF
	}
	return &Failure{Stage: record.StageBody, Err: err}
}

// Unproven reports whether nothing shows that the body of p's response came
// whole: neither its framing, nor the connection, nor what is in it.
func (i *Inspector) Unproven(p Response) bool {
	return p.CloseDelimited() && !i.Secured && i.content.coding == ""
}

// Judge gives the Result of p's whole response its fate.
func (i *Inspector) Judge(r *record.Result, p Response) {
	if i.Job.OK[r.Status] {
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
	capturedTelling // the first of them
)

// Captured are those fields; replica is the name of --endpoint-header's, in
// lower case.
func Captured(replica string) []string {
	return append([]string{
		capturedLocation: "location", capturedEndpoint: replica, capturedCoding: "content-encoding",
	}, record.Telling[:]...)
}

// Replicas gives the replicas that answers name their numbers in the recorder.
type Replicas struct {
	Names *record.EndpointNames
	last  []byte // name
	index int    // of last
}

// Book books a response to the replica that its header names, if it does.
func (n *Replicas) Book(r *record.Result, p Response) {
	name := p.Captured(capturedEndpoint)
	if len(name) == 0 {
		return
	}
	if string(name) != string(n.last) {
		n.index = n.Names.ID(string(name))
		n.last = append(n.last[:0], name[:min(len(name), safetext.MaxText)]...) // one that is longer is looked up each time
	}
	r.Endpoint = n.index
}
