package faultserver

import "fmt"

// Kind is what the server does with a request.
type Kind uint8

// The kinds. To add one, add a constant here and a row in the table below.
//
// To a HEAD request every kind sends the same head and no body, so a fault of
// the body becomes a whole response followed by the fault's FIN, RST or
// silence.
//
// Over TLS a FIN comes after close_notify, except for the kinds named EOF,
// which end as a killed process does.
const (
	OK                  Kind = iota // 200 with a length, the connection kept
	Chunked                         // 200 in chunks, with a chunk extension and a trailer
	CloseDelimited                  // 200 whose body ends with the FIN
	Split                           // as Chunked, one byte per write
	Interim                         // 100 and 103 before the 200
	NoContent                       // 204
	NotModified                     // 304, with the length of the body it does not have
	Unavailable                     // 503 with a body, the connection kept
	EOFBeforeResponse               // FIN without a byte
	ResetBeforeResponse             // RST without a byte
	EOFInHead                       // part of the head, FIN
	ResetInHead                     // part of the head, RST
	ResetAfterHead                  // the head of a body of 1000 bytes, RST
	EOFInBody                       // 400 of 1000 bytes, FIN
	ResetInBody                     // 400 of 1000 bytes, RST
	EOFInChunk                      // a chunk cut short, FIN
	EOFBeforeLastChunk              // whole chunks without the last one, FIN
	Silence                         // nothing, until the client closes
	SilenceInBody                   // 400 of 1000 bytes, then nothing until the client closes
	MalformedHead                   // not HTTP, FIN
	MalformedChunk                  // a chunk size that is not a number, FIN
	OKThenFIN                       // as OK, then an unannounced FIN
	OKThenRST                       // as OK, then an unannounced RST
	EarlyResponse                   // 413 and FIN at the end of the request's head, whose body is read and discarded

	InterimFlood        // 1000 × 103 before the 200
	EndlessInterim      // 103s of 11 MiB in all before the 200
	LongField           // a head with one field of 1.25 MiB
	ManyFields          // a head with fields of 1.25 MiB in all
	SlowHead            // part of the head, then a byte every 20 ms until the client closes
	SlowBody            // 400 of a million bytes, then a byte every 20 ms until the client closes
	Trailers            // 200 in chunks, with trailers, one of them folded
	MalformedTrailer    // a trailer without a colon, FIN
	Gzip                // 200 whose content is compressed
	BadGzip             // the same with a wrong checksum
	ShortGzip           // the same without its end, in a correctly framed body
	EOFInGzip           // the same without its end, in a body that ends with the FIN
	Continue            // 100 before the request's body is read, then as OK
	ExpectationFailed   // 417, the connection kept; at the end of the head if the request expects a 100
	EOFBeforeBody       // FIN at the end of the request's head, whose body is read and discarded
	ResetBeforeBody     // RST at the end of the request's head
	EOFAfterContinue    // 100 before the request's body is read, then FIN
	EarlyResponseHeld   // 413 at the end of the request's head; then nothing is read or closed until the client is gone
	EarlyResponseUnread // as EarlyResponseHeld, with a FIN
	KeptOpen            // as OK, the connection left open even where the request asked to close it

	EOFCloseDelimited // as CloseDelimited, ended as by a killed process: over TLS without close_notify
	LooseHead         // as OK, with spaces that the grammar forbids and clients accept
	LooseChunks       // as Chunked, with lines that end in LF
	HugeField         // a head with one field of 11 MiB
	SpeaksHTTP2       // the frames that an HTTP/2 server begins with, then nothing until the client closes
	SpeaksTLS         // the alert of a TLS server that gets cleartext, FIN
	BareBody          // HTML without a head, FIN
	NoEmptyLine       // HTML in place of the empty line after the head, then nothing until the client closes
	PlainAsGzip       // text declared as compressed, in a body that ends with the FIN
	PlainAsChunked    // text declared as chunked, FIN

	numKinds
)

// kinds is the only table of kinds: the name, and the script for a request.
var kinds = [numKinds]struct {
	name   string
	script func(request) script
}{
	OK:                  {"ok", ok},
	Chunked:             {"chunked", chunked},
	CloseDelimited:      {"close delimited", closeDelimited},
	Split:               {"split", split},
	Interim:             {"interim", interim},
	NoContent:           {"no content", noContent},
	NotModified:         {"not modified", notModified},
	Unavailable:         {"unavailable", unavailable},
	EOFBeforeResponse:   {"eof before answer", cut(nothing, endCut)},
	ResetBeforeResponse: {"reset before answer", cut(nothing, endRST)},
	EOFInHead:           {"eof in head", cut(partOfHead, endCut)},
	ResetInHead:         {"reset in head", cut(partOfHead, endRST)},
	ResetAfterHead:      {"reset after head", cut(headAlone, endRST)},
	EOFInBody:           {"eof in body", cut(partOfBody, endCut)},
	ResetInBody:         {"reset in body", cut(partOfBody, endRST)},
	EOFInChunk:          {"eof in chunk", cut(partOfChunk, endCut)},
	EOFBeforeLastChunk:  {"eof before last chunk", cut(wholeChunks, endCut)},
	Silence:             {"silence", cut(nothing, endHold)},
	SilenceInBody:       {"silence in body", cut(partOfBody, endHold)},
	MalformedHead:       {"malformed head", cut(noHTTP, endFIN)},
	MalformedChunk:      {"malformed chunk", cut(badChunk, endFIN)},
	OKThenFIN:           {"ok then fin", cut(okBytes, endFIN)},
	OKThenRST:           {"ok then rst", cut(okBytes, endRST)},
	EarlyResponse:       {"early answer", earlyResponse},
	InterimFlood:        {"interim flood", interimFlood},
	EndlessInterim:      {"endless interim", endlessInterim},
	LongField:           {"long field", longField},
	ManyFields:          {"many fields", manyFields},
	SlowHead:            {"slow head", cut(partOfHead, endDrip)},
	SlowBody:            {"slow body", slowBody},
	Trailers:            {"trailers", trailers},
	MalformedTrailer:    {"malformed trailer", cut(badTrailer, endFIN)},
	Gzip:                {"gzip", gzipOf(whole)},
	BadGzip:             {"bad gzip", gzipOf(miscounted)},
	ShortGzip:           {"short gzip", gzipOf(shortened)},
	EOFInGzip:           {"eof in gzip", cut(partOfGzip, endCut)},
	Continue:            {"continue", goAhead},
	ExpectationFailed:   {"expectation failed", expectationFailed},
	EOFBeforeBody:       {"eof before body", early(cut(nothing, endCut))},
	ResetBeforeBody:     {"reset before body", early(cut(nothing, endRST))},
	EOFAfterContinue:    {"eof after continue", eofAfterContinue},
	EarlyResponseHeld:   {"early answer, held", earlyResponseUnread(endHold)},
	EarlyResponseUnread: {"early answer, unread", earlyResponseUnread(endFIN)},
	KeptOpen:            {"kept open", keptOpen},
	EOFCloseDelimited:   {"eof close delimited", eofCloseDelimited},
	LooseHead:           {"loose head", looseHead},
	LooseChunks:         {"loose chunks", looseChunks},
	HugeField:           {"huge field", hugeField},
	SpeaksHTTP2:         {"speaks http/2", cut(http2Frames, endHold)},
	SpeaksTLS:           {"speaks tls", cut(tlsAlert, endFIN)},
	BareBody:            {"bare body", cut(bareBody, endFIN)},
	NoEmptyLine:         {"no empty line", cut(noEmptyLine, endHold)},
	PlainAsGzip:         {"plain as gzip", cut(plainAsGzip, endFIN)},
	PlainAsChunked:      {"plain as chunked", cut(plainAsChunked, endFIN)},
}

// String returns the kind's name, e.g. "eof before answer".
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
