package loadgen

import (
	"errors"
	"fmt"
	"io"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// errBodyTooLong: more came than --max-body allows.
var errBodyTooLong = errors.New("body too long")

// inspector looks at what answers carry beyond their framing: whether the body
// is as long and as whole as it may and should be, and, of an answer that is a
// loss, what it says.
type inspector struct {
	job       *Job
	secured   bool     // the connection tells an end from a cut, as TLS does
	content   inflater // of the body being received
	errorBody []byte   // the begin of a body that came with an unexpected status
	answer    []byte   // what is kept of that answer
}

// begin makes i ready for the next answer.
func (i *inspector) begin() {
	i.errorBody = i.errorBody[:0]
	i.content.begin("")
}

// piece takes a piece of p's body. Part of a compressed body (206) cannot be
// inflated by itself.
func (i *inspector) piece(p *h1.Parser, piece []byte) {
	if p.BodyBytes() == int64(len(piece)) && p.Status() != 206 {
		if field := p.Captured(capturedCoding); field != nil && !p.Repeated(capturedCoding) {
			i.content.begin(checkable(field)) // repeated, it is several codings
		}
	}
	i.content.feed(piece)
	if room := record.MaxAnswerBody - len(i.errorBody); room > 0 && !i.job.OK[p.Status()] {
		i.errorBody = append(i.errorBody, piece[:min(room, len(piece))]...)
	}
}

// end says what was wrong with the body, now that it has come to its end.
func (i *inspector) end() error { return i.content.end() }

// close lets go of what checking takes.
func (i *inspector) close() { i.content.close() }

// err is what is wrong with as much of the body as has come.
func (i *inspector) err(p *h1.Parser) error {
	if most := i.job.MaxBody; most > 0 && p.BodyBytes() > most {
		return errBodyTooLong
	}
	return i.content.err
}

// failure is that of a body with which something is wrong. One that lacks its
// end, and that nothing but the peer's close ended, was cut short by it.
func (i *inspector) failure(p *h1.Parser, err error) *failure {
	if errors.Is(err, errBodyTooLong) {
		return &failure{stage: record.StageBody, err: err, text: fmt.Sprintf("body over %d bytes (--max-body)", i.job.MaxBody)}
	}
	if e, ok := errors.AsType[*wire.ContentError](err); ok && e.Short && p.CloseDelimited() && !i.secured {
		err = io.ErrUnexpectedEOF
	}
	return &failure{stage: record.StageBody, err: err}
}

// unproven reports whether nothing shows that the body of p's response came
// whole: neither its framing, nor the connection, nor what is in it.
func (i *inspector) unproven(p *h1.Parser) bool {
	return p.CloseDelimited() && !i.secured && i.content.coding == ""
}

// judge gives the Result of p's whole answer its fate.
func (i *inspector) judge(r *record.Result, p *h1.Parser) {
	if i.job.OK[r.Status] {
		return
	}
	r.Fate, r.Class = record.FateLost, record.StatusClass(r.Status)
	i.answer = record.AnswerText(i.answer, r.Status, func(n int) []byte { return p.Captured(capturedTelling + n) }, i.errorBody)
	r.Answer = i.answer
}

// The fields that parsers capture, in their order.
const (
	capturedLocation = iota
	capturedEndpoint
	capturedCoding
	capturedTelling // the first of them
)

// captured are those fields; replica is the name of --endpoint-header's, in
// lower case.
func captured(replica string) []string {
	return append([]string{
		capturedLocation: "location", capturedEndpoint: replica, capturedCoding: "content-encoding",
	}, record.Telling[:]...)
}

// replicas gives the replicas that answers name their numbers in the recorder.
type replicas struct {
	names *record.EndpointNames
	last  []byte // name
	index int    // of last
}

// book books an answer to the replica that its header names, if it does.
func (n *replicas) book(r *record.Result, p *h1.Parser) {
	name := p.Captured(capturedEndpoint)
	if len(name) == 0 {
		return
	}
	if string(name) != string(n.last) {
		n.index = n.names.ID(string(name))
		n.last = append(n.last[:0], name[:min(len(name), safetext.MaxText)]...) // one that is longer is looked up each time
	}
	r.Endpoint = n.index
}
