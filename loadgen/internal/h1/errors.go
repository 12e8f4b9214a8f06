package h1

import "strconv"

// maxSample is how many of the peer's bytes an error keeps: enough to recognise
// the line, few enough to keep some for each lost request.
const maxSample = 64

// MalformedError says that the peer's bytes are not a response. Feed and EOF
// return it, and streams of package h2 end with it.
type MalformedError struct {
	Stage  Stage  // how far the response had got
	What   string // what is wrong, lower case, for instance "malformed status line"
	Sample []byte // up to 64 bytes of the offending line, as far as it had come; nil if it was too long
	Looks  string // what the peer seems to speak instead, for instance "TLS"; "" if unknown
}

// Error returns What, the quoted Sample, and what the Sample looks like.
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

// fail sets the error that Feed returns from now on. It copies the sample,
// which lies in the caller's buffer or in one that the next line overwrites.
func (p *Parser) fail(what string, sample []byte) {
	e := &MalformedError{
		Stage:  p.Stage(),
		What:   what,
		Sample: append([]byte{}, sample[:min(len(sample), maxSample)]...),
	}
	if e.Stage == StageHead {
		e.Looks = LooksLike(e.Sample)
	}
	p.err = e
}

// failSize fails because a section exceeds MaxHead. It keeps no sample: how
// much of the line had arrived would depend on how the bytes were split.
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
	p.used = p.limit() // as if the limit was reached; Stage must not depend on how the bytes were split
	what += " over " + strconv.Itoa(p.limit()) + " bytes"
	p.err = &MalformedError{Stage: p.Stage(), What: what}
}
