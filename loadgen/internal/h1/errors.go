package h1

import "strconv"

// maxSample bounds what an error keeps of the peer's bytes: enough to
// recognise the line, little enough to keep one for each lost request.
const maxSample = 64

// MalformedError says that the peer's bytes are not an HTTP/1 answer.
// Feed and EOF return it.
type MalformedError struct {
	Stage  Stage  // how far the response had got
	What   string // what is wrong, lower case, for instance "malformed status line"
	Sample []byte // up to 64 bytes of the offending line, as far as it had come; nil when its size is what is wrong
	Looks  string // what the peer seems to speak instead, for instance "TLS"; "" is not known
}

// Error returns What and, quoted, the Sample, and what that looks like.
func (e *MalformedError) Error() string {
	if e.Sample == nil {
		return e.What
	}
	text := e.What + " " + strconv.Quote(string(e.Sample))
	if e.Looks != "" {
		text += ": this looks like " + e.Looks
	}
	return text
}

// fail makes the error that Feed returns from now on. The sample is copied: it
// is a piece of the caller's buffer, or of one that the next line overwrites.
func (p *Parser) fail(what string, sample []byte) {
	e := &MalformedError{
		Stage:  p.Stage(),
		What:   what,
		Sample: append([]byte{}, sample[:min(len(sample), maxSample)]...),
	}
	if e.Stage == StageHead {
		e.Looks = looksLike(e.Sample)
	}
	p.err = e
}

// failSize is fail for a section that grew over MaxHead. It keeps no sample:
// how much of the line had arrived would depend on how the bytes were split.
func (p *Parser) failSize() {
	var what string
	switch p.state {
	case atChunkSize:
		what = "chunk size line"
	case atTrailer:
		what = "trailers"
	default:
		what = "response head"
	}
	p.used = p.limit() // all it holds had come; Stage must not depend on in how many pieces
	what += " over " + strconv.Itoa(p.limit()) + " bytes"
	p.err = &MalformedError{Stage: p.Stage(), What: what}
}
