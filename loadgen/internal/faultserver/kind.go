package faultserver

import "fmt"

// Kind is one way to treat a request.
type Kind uint8

// The kinds. Adding one is a constant here and a row in the table below.
//
// To a HEAD request every kind sends the same head and no body, so a fault of
// the body becomes a whole answer followed by the fault's FIN, RST or silence.
//
// Over TLS a FIN comes after close_notify, but for the kinds named EOF: those
// are what a killed process leaves.
const (
	OK                 Kind = iota // 200 with a length, the connection kept
	Chunked                        // 200 in chunks, with a chunk extension and a trailer
	CloseDelimited                 // 200 whose body ends with the FIN
	Split                          // as Chunked, one byte per write
	Interim                        // 100 and 103 before the 200
	NoContent                      // 204
	NotModified                    // 304, with the length of the body it does not have
	Unavailable                    // 503 with a body, the connection kept
	EOFBeforeAnswer                // FIN without one byte
	ResetBeforeAnswer              // RST without one byte
	EOFInHead                      // part of the head, FIN
	ResetInHead                    // part of the head, RST
	ResetAfterHead                 // the head of a body of 1000 bytes, RST
	EOFInBody                      // 400 of 1000 bytes, FIN
	ResetInBody                    // 400 of 1000 bytes, RST
	EOFInChunk                     // a chunk cut short, FIN
	EOFBeforeLastChunk             // whole chunks without the last one, FIN
	Silence                        // nothing, until the client closes
	SilenceInBody                  // 400 of 1000 bytes, then nothing until the client closes
	MalformedHead                  // no HTTP, FIN
	MalformedChunk                 // a chunk size that is no number, FIN
	OKThenFIN                      // as OK, then an unannounced FIN
	OKThenRST                      // as OK, then an unannounced RST
	EarlyAnswer                    // 413 and FIN at the end of the head, the body drained unseen

	numKinds
)

// kinds is the one table of kinds: the name, and what a request gets.
var kinds = [numKinds]struct {
	name   string
	script func(request) script
}{
	OK:                 {"ok", ok},
	Chunked:            {"chunked", chunked},
	CloseDelimited:     {"close delimited", closeDelimited},
	Split:              {"split", split},
	Interim:            {"interim", interim},
	NoContent:          {"no content", noContent},
	NotModified:        {"not modified", notModified},
	Unavailable:        {"unavailable", unavailable},
	EOFBeforeAnswer:    {"eof before answer", cut(nothing, endCut)},
	ResetBeforeAnswer:  {"reset before answer", cut(nothing, endRST)},
	EOFInHead:          {"eof in head", cut(partOfHead, endCut)},
	ResetInHead:        {"reset in head", cut(partOfHead, endRST)},
	ResetAfterHead:     {"reset after head", cut(headAlone, endRST)},
	EOFInBody:          {"eof in body", cut(partOfBody, endCut)},
	ResetInBody:        {"reset in body", cut(partOfBody, endRST)},
	EOFInChunk:         {"eof in chunk", cut(partOfChunk, endCut)},
	EOFBeforeLastChunk: {"eof before last chunk", cut(wholeChunks, endCut)},
	Silence:            {"silence", cut(nothing, endHold)},
	SilenceInBody:      {"silence in body", cut(partOfBody, endHold)},
	MalformedHead:      {"malformed head", cut(noHTTP, endFIN)},
	MalformedChunk:     {"malformed chunk", cut(badChunk, endFIN)},
	OKThenFIN:          {"ok then fin", cut(okBytes, endFIN)},
	OKThenRST:          {"ok then rst", cut(okBytes, endRST)},
	EarlyAnswer:        {"early answer", earlyAnswer},
}

// String is the kind's name, e.g. "eof before answer".
func (k Kind) String() string {
	if k >= numKinds {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kinds[k].name
}

// Kinds lists all kinds in the order of their constants.
func Kinds() []Kind {
	all := make([]Kind, numKinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}
