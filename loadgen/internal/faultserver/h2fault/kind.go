package h2fault

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/faultserver/h2fault/raw"
)

// Kind is what the server does with a stream, with the connection of a stream,
// or with a connection from its beginning.
type Kind uint8

// The kinds. To add one, add a constant here and a row in the table below.
//
// To a HEAD request the kinds of streams respond as OK does, and count as OK.
const (
	// Whole responses.

	OK            Kind = iota // 200 with a length
	NoContent                 // 204
	NotModified               // 304, with the length of the body it does not have
	Unavailable               // 503
	Unsized                   // 200 without a length, in three pieces
	EmptyData                 // DATA without content before, within and after the body
	Split                     // as Unsized, one byte per DATA frame and one per write
	Padded                    // HEADERS and DATA with as much padding as there can be
	Continuation              // the head in CONTINUATION frames of one byte
	Trailers                  // 200 with trailers
	Interim                   // 103 before the 200
	Continue                  // 100 before the 200
	InterimFlood              // 1000 × 103 before the 200
	Gzip                      // 200 whose content is compressed
	LongField                 // a head with one field of 1.25 MiB
	ManyFields                // a head with fields of 1.25 MiB in all
	TableSizes                // the table of compression emptied and enlarged again
	UnknownFrame              // frames of unknown types before the 200
	Priority                  // PRIORITY before the 200
	Ping                      // PING before the 200
	PingFlood                 // 500 × PING before the 200
	SettingsFlood             // 500 × SETTINGS before the 200
	NewSettings               // SETTINGS with other values between head and body
	Afterwards                // WINDOW_UPDATE and RST_STREAM after the end of the stream
	EarlyOK                   // 200 at the end of the request's head, RST_STREAM with NO_ERROR for its body
	EarlyResponse             // 413 at the end of the request's head, RST_STREAM with NO_ERROR for its body
	EarlyHead                 // 200 begun at the end of the request's head, and ended after its body

	// Faults of one stream.

	RefuseStream           // RST_STREAM with REFUSED_STREAM
	RefuseHead             // the same at the end of the request's head
	ResetByCancel          // RST_STREAM with CANCEL
	ResetByInternalError   // RST_STREAM with INTERNAL_ERROR
	ResetByEnhanceYourCalm // RST_STREAM with ENHANCE_YOUR_CALM
	ResetByNoError         // RST_STREAM with NO_ERROR
	ResetByHTTP11Required  // RST_STREAM with HTTP_1_1_REQUIRED
	ResetByUnknownCode     // RST_STREAM with a code that no RFC has
	ResetInHead            // 103, RST_STREAM
	ResetAfterHead         // the head of a body of 1000 bytes, RST_STREAM
	ResetInBody            // 400 of 1000 bytes, RST_STREAM
	NoErrorInBody          // the same with NO_ERROR
	Silence                // nothing
	SilenceAfterInterim    // 103, then nothing
	SilenceAfterHead       // the head of a body of 1000 bytes, then nothing
	SilenceInBody          // 400 of 1000 bytes, then nothing
	NoEndStream            // the whole body, but no END_STREAM
	SlowBody               // 400 of a million bytes, then a byte every 20 ms
	EarlyEnd               // 400 of 1000 bytes, the last with END_STREAM
	BeyondLength           // 10 of 3 bytes
	NoBody                 // the head of a body of 1000 bytes, with END_STREAM
	BadGzip                // 200 whose compressed content has a wrong checksum
	ShortGzip              // 200 whose compressed content lacks its end
	NoStatus               // a head without :status
	BadStatus              // a :status that is not a number
	TwoStatuses            // two :status fields
	LateStatus             // a :status after another field
	RequestField           // a response with :path
	Uppercase              // a field with a name in upper case
	ConnectionField        // a field that HTTP/2 does not have: Connection
	LineBreak              // a field whose value has a line break
	TwoLengths             // two different lengths
	EndInInterim           // 103 with END_STREAM
	DataFirst              // DATA before any head
	OpenTrailers           // trailers without END_STREAM
	StatusInTrailers       // trailers with :status
	StreamOverflow         // WINDOW_UPDATE that overflows the stream's window
	HugeField              // a head with one field of 11 MiB
	Bomb                   // a head of 16 KiB that is 15 MiB when decompressed
	EndlessInterim         // 103s of 11 MiB in all before the 200

	// Faults of the connection, which hit all its streams.

	GoAwayFirst         // GOAWAY with the last id 0 before any response
	GoAwayMiddle        // GOAWAY with an id in the middle of the open streams, and responses up to it
	GoAwayError         // the same with INTERNAL_ERROR
	GoAwayCalm          // the same with ENHANCE_YOUR_CALM
	GoAwayLast          // GOAWAY with the id of the last open stream, and responses
	GoAwayTwice         // the same, then one with an id in the middle, and responses up to it
	GoAwayTwoStep       // GOAWAY with 2^31-1, and when the client has read it the real id: no stream is lost
	GoAwayTwoStepMiddle // GOAWAY with 2^31-1, and one with an id in the middle of the open streams
	GoAwayRaised        // as GoAwayMiddle, and after the responses one with a higher id
	GoAwayIdle          // responses, then GOAWAY
	GoAwayEOF           // GOAWAY with an id in the middle, FIN
	GoAwayReset         // GOAWAY with an id in the middle, RST
	EOF                 // FIN; over TLS without close_notify, as all EOFs
	Close               // FIN; over TLS after close_notify
	ConnReset           // RST
	EOFInHead           // part of a head, FIN
	EOFAfterHead        // the head of each stream, FIN
	EOFInBody           // 400 of 1000 bytes of each stream, FIN
	EOFInData           // part of a DATA frame, FIN
	ConnResetInBody     // 400 of 1000 bytes of each stream, RST
	HalfThenEOF         // responses to half of the streams, FIN
	HalfThenReset       // responses to half of the streams, RST
	OKThenEOF           // responses to all, an unannounced FIN
	OKThenReset         // responses to all, an unannounced RST
	SilenceInHead       // a head that does not end, then nothing
	BadHPACK            // a head that cannot be decompressed
	BadPing             // PING of 7 bytes
	BadSettings         // SETTINGS of 5 bytes
	BadSetting          // SETTINGS with an impossible INITIAL_WINDOW_SIZE
	FullAck             // an acknowledgement of SETTINGS with content
	BadWindowUpdate     // WINDOW_UPDATE of 3 bytes
	ZeroWindowUpdate    // WINDOW_UPDATE of 0 on the connection
	Overflow            // WINDOW_UPDATE that overflows the connection's window
	BadReset            // RST_STREAM of 3 bytes
	ShortGoAway         // GOAWAY of 7 bytes
	Oversized           // the beginning of a DATA frame of 16 MiB
	OverPadded          // a DATA frame with more padding than content
	DataOnConnection    // DATA on stream 0
	HeadOnConnection    // HEADERS on stream 0
	ResetOnConnection   // RST_STREAM on stream 0
	SettingsOnStream    // SETTINGS on a stream
	PingOnStream        // PING on a stream
	GoAwayOnStream      // GOAWAY on a stream
	EvenStream          // HEADERS on stream 2, which nobody opened
	IdleStream          // RST_STREAM on a stream that the client has not opened
	Push                // PUSH_PROMISE, although the client forbade it
	InterruptedHead     // a frame within a head
	LoneContinuation    // CONTINUATION without a head
	EndlessHead         // CONTINUATION without end
	EmptyContinuations  // CONTINUATION without content and without end
	EmptyDatas          // DATA without content and without end
	EndlessPings        // PING without end
	EndlessSettings     // SETTINGS without end

	// What a connection meets from its beginning; all its streams have this kind.

	GoAwayAfter     // GOAWAY before the response to the n-th request, as nginx's keepalive_requests
	WindowShut      // requests may have no body: INITIAL_WINDOW_SIZE 0
	TinyWindows     // windows of 100 bytes
	ShrinkingWindow // windows closed after the request's head, and opened again
	FewStreams      // MAX_CONCURRENT_STREAMS 2
	ChangingStreams // MAX_CONCURRENT_STREAMS 2, 5, 1 and so on
	NoSettings      // a response without SETTINGS before it
	SpeaksHTTP1     // 400 in HTTP/1.1, FIN
	Mute            // nothing at all

	numKinds
)

// says are the classes as which a client may count a stream of each fate; none
// if it accepts it. What is not lost is not listed: only Responded can be that.
type says [numFates][]string

// lost is for kinds that lose the streams of one fate.
func lost(f Fate, classes ...string) says {
	var s says
	s[f] = classes
	return s
}

// tooLarge is for heads that no client should accept. If it ends the connection
// for that, it loses the streams that the server has not come to, too: those
// whose requests it has read are Held, the others are not counted.
var tooLarge = says{Responded: {"head.malformed"}, Held: {"wait.malformed"}}

// row is what the server does: begin at the beginning of a connection, open
// with a request whose head has been read, act with one that is whole. grant
// says how much more of a request's body the client may send.
type row struct {
	name   string
	says   says
	begin  func(*conn)
	open   script
	act    script
	grant  func(credit int64) int64
	stalls bool // streams are held from their beginning
}

// kinds is the only table of kinds. Where a class begins with wait, it may also
// be send if the request has a body: only timing decides between them, and their
// sum is exact.
var kinds = [numKinds]row{
	OK:            {name: "ok", begin: beginPlain, act: ok},
	NoContent:     {name: "no content", act: noContent},
	NotModified:   {name: "not modified", act: notModified},
	Unavailable:   {name: "unavailable", says: lost(Responded, "status.503"), act: status("503", "no healthy upstream")},
	Unsized:       {name: "unsized", act: pieces("nothing is lost ", "until it ", "is counted\n")},
	EmptyData:     {name: "empty data", act: pieces("", "nothing is lost ", "", "until it is counted\n", "")},
	Split:         {name: "split", act: split},
	Padded:        {name: "padded", act: padded},
	Continuation:  {name: "continuation", act: continuation},
	Trailers:      {name: "trailers", act: trailers},
	Interim:       {name: "interim", act: interim(1, 10)},
	Continue:      {name: "continue", act: continues},
	InterimFlood:  {name: "interim flood", act: interim(1000, 10)},
	Gzip:          {name: "gzip", act: zipped(undamaged)},
	LongField:     {name: "long field", act: longFields(1, 5<<18)},
	ManyFields:    {name: "many fields", act: longFields(5<<13, 32)},
	TableSizes:    {name: "table sizes", act: tableSizes},
	UnknownFrame:  {name: "unknown frame", act: unknownFrame},
	Priority:      {name: "priority", act: priority},
	Ping:          {name: "ping", act: pings(1)},
	PingFlood:     {name: "ping flood", act: pings(500)},
	SettingsFlood: {name: "settings flood", act: settingsMany(500)},
	NewSettings:   {name: "new settings", act: newSettings},
	Afterwards:    {name: "afterwards", act: afterwards},
	EarlyOK:       {name: "early ok", open: earlyResponse("200")},
	EarlyResponse: {name: "early response", says: lost(Responded, "status.413"), open: earlyResponse("413")},
	EarlyHead:     {name: "early head", open: earlyHead, act: endOfEarly},

	RefuseStream:           {name: "refuse stream", says: lost(Refused, "wait.refused-stream"), act: resetAfter(nothing, http2.ErrCodeRefusedStream)},
	RefuseHead:             {name: "refuse head", says: lost(Refused, "wait.refused-stream"), open: resetAfter(nothing, http2.ErrCodeRefusedStream)},
	ResetByCancel:          {name: "reset by cancel", says: lost(Reset, "wait.stream-reset"), act: resetAfter(nothing, http2.ErrCodeCancel)},
	ResetByInternalError:   {name: "reset by internal error", says: lost(Reset, "wait.stream-reset"), act: resetAfter(nothing, http2.ErrCodeInternal)},
	ResetByEnhanceYourCalm: {name: "reset by enhance your calm", says: lost(Reset, "wait.stream-reset"), act: resetAfter(nothing, http2.ErrCodeEnhanceYourCalm)},
	ResetByNoError:         {name: "reset by no error", says: lost(Reset, "wait.stream-reset"), act: resetAfter(nothing, http2.ErrCodeNo)},
	ResetByHTTP11Required:  {name: "reset by http 1 1 required", says: lost(Reset, "wait.stream-reset"), act: resetAfter(nothing, http2.ErrCodeHTTP11Required)},
	ResetByUnknownCode:     {name: "reset by a code that no rfc has", says: lost(Reset, "wait.stream-reset"), act: resetAfter(nothing, 0xdead)},
	ResetInHead:            {name: "reset in head", says: lost(Reset, "head.stream-reset"), act: resetAfter(hints, http2.ErrCodeInternal)},
	ResetAfterHead:         {name: "reset after head", says: lost(Reset, "body.stream-reset"), act: resetAfter(headAlone, http2.ErrCodeInternal)},
	ResetInBody:            {name: "reset in body", says: lost(Reset, "body.stream-reset"), act: resetAfter(partOfBody, http2.ErrCodeInternal)},
	NoErrorInBody:          {name: "no error in body", says: lost(Reset, "body.stream-reset"), act: resetAfter(partOfBody, http2.ErrCodeNo)},
	Silence:                {name: "silence", says: lost(Held, "wait.timeout"), act: holdAfter(nothing)},
	SilenceAfterInterim:    {name: "silence after interim", says: lost(Held, "head.timeout"), act: holdAfter(hints)},
	SilenceAfterHead:       {name: "silence after head", says: lost(Held, "body.timeout"), act: holdAfter(headAlone)},
	SilenceInBody:          {name: "silence in body", says: lost(Held, "body.timeout"), act: holdAfter(partOfBody)},
	NoEndStream:            {name: "no end stream", says: lost(Held, "body.timeout"), act: holdAfter(withoutEnd)},
	SlowBody:               {name: "slow body", says: lost(Held, "body.timeout"), act: slowBody},
	EarlyEnd:               {name: "early end", says: lost(Broken, "body.eof"), act: brokenBody("1000", strings.Repeat("x", sent))},
	BeyondLength:           {name: "beyond length", says: lost(Broken, "body.malformed"), act: brokenBody("3", "0123456789")},
	NoBody:                 {name: "no body", says: lost(Broken, "body.eof"), act: brokenStream(raw.Fields(":status", "200", "content-length", "1000"))},
	BadGzip:                {name: "bad gzip", says: lost(Responded, "body.malformed"), act: zipped(miscounted)},
	ShortGzip:              {name: "short gzip", says: lost(Responded, "body.malformed"), act: zipped(shortened)},
	NoStatus:               {name: "no status", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields("content-type", "text/plain"))},
	BadStatus:              {name: "bad status", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "2xx"))},
	TwoStatuses:            {name: "two statuses", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "200", ":status", "200"))},
	LateStatus:             {name: "late status", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields("content-type", "text/plain", ":status", "200"))},
	RequestField:           {name: "request field", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "200", ":path", "/"))},
	Uppercase:              {name: "uppercase", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "200", "Content-Type", "text/plain"))},
	ConnectionField:        {name: "connection field", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "200", "connection", "close"))},
	LineBreak:              {name: "line break", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "200", "x-lines", "one\r\ntwo"))},
	TwoLengths:             {name: "two lengths", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "200", "content-length", "0", "content-length", "3"))},
	EndInInterim:           {name: "end in interim", says: lost(Broken, "head.malformed"), act: brokenStream(raw.Fields(":status", "103"))},
	DataFirst:              {name: "data first", says: lost(Broken, "head.malformed"), act: brokenStream(raw.On(0, http2.FrameData, http2.FlagDataEndStream, content))},
	OpenTrailers:           {name: "open trailers", says: lost(Broken, "body.malformed"), act: brokenStream(raw.Trailers(raw.EndHeaders, "x-sum", "36"))},
	StatusInTrailers:       {name: "status in trailers", says: lost(Broken, "body.malformed"), act: brokenStream(raw.Trailers(raw.EndHeaders|raw.EndStream, ":status", "200"))},
	StreamOverflow:         {name: "stream overflow", says: lost(Broken, "wait.malformed"), act: brokenStream(raw.On(0, http2.FrameWindowUpdate, 0, raw.Overflow))},
	HugeField:              {name: "huge field", says: tooLarge, act: longFields(1, 11<<20)},
	Bomb:                   {name: "bomb", says: tooLarge, act: bomb},
	EndlessInterim:         {name: "endless interim", says: tooLarge, act: interim(11<<6, 16000)},

	GoAwayFirst:         {name: "goaway first", says: lost(Unprocessed, "wait.goaway"), act: together(goAway0)},
	GoAwayMiddle:        {name: "goaway middle", says: lost(Unprocessed, "wait.goaway"), act: together(goAwayMiddle(http2.ErrCodeNo, ""))},
	GoAwayError:         {name: "goaway error", says: lost(Unprocessed, "wait.goaway"), act: together(goAwayMiddle(http2.ErrCodeInternal, "worker died"))},
	GoAwayCalm:          {name: "goaway calm", says: lost(Unprocessed, "wait.goaway"), act: together(goAwayMiddle(http2.ErrCodeEnhanceYourCalm, "too_many_pings"))},
	GoAwayLast:          {name: "goaway last", says: lost(Unprocessed, "wait.goaway"), act: together(goAwayLast)},
	GoAwayTwice:         {name: "goaway twice", says: lost(Unprocessed, "wait.goaway"), act: together(lowering)},
	GoAwayTwoStep:       {name: "goaway two step", says: lost(Unprocessed, "wait.goaway"), act: together(twoStep)},
	GoAwayTwoStepMiddle: {name: "goaway two step middle", says: lost(Unprocessed, "wait.goaway"), act: together(twoStepMiddle)},
	GoAwayRaised:        {name: "goaway raised", says: lost(Unprocessed, "wait.goaway"), act: together(raising)},
	GoAwayIdle:          {name: "goaway idle", says: lost(Unprocessed, "wait.goaway"), act: together(goAwayOnIdle)},
	GoAwayEOF:           {name: "goaway eof", says: says{Unprocessed: {"wait.goaway"}, Cut: {"wait.eof"}}, act: cutAfter(goAwayMiddle(http2.ErrCodeNo, ""), killed)},
	GoAwayReset:         {name: "goaway reset", says: says{Unprocessed: {"wait.goaway"}, Cut: {"wait.reset"}}, act: cutAfter(goAwayMiddle(http2.ErrCodeNo, ""), aborted)},
	EOF:                 {name: "eof", says: lost(Cut, "wait.eof"), act: cutAfter(none, killed)},
	Close:               {name: "close", says: lost(Cut, "wait.eof"), act: cutAfter(none, closed)},
	ConnReset:           {name: "connection reset", says: lost(Cut, "wait.reset"), act: cutAfter(none, aborted)},
	EOFInHead:           {name: "eof in head", says: lost(Cut, "wait.eof", "head.eof"), act: cutAfter(partOfHead, killed)},
	EOFAfterHead:        {name: "eof after head", says: lost(Cut, "body.eof", "wait.eof"), act: cutAfter(each(headAlone), killed)},
	EOFInBody:           {name: "eof in body", says: lost(Cut, "body.eof", "wait.eof"), act: cutAfter(each(partOfBody), killed)},
	EOFInData:           {name: "eof in data", says: lost(Cut, "body.eof", "wait.eof"), act: cutAfter(partOfData, killed)},
	ConnResetInBody:     {name: "connection reset in body", says: lost(Cut, "body.reset", "wait.reset"), act: cutAfter(each(partOfBody), aborted)},
	HalfThenEOF:         {name: "half then eof", says: lost(Cut, "wait.eof"), act: cutAfter(half, killed)},
	HalfThenReset:       {name: "half then reset", says: lost(Cut, "wait.reset"), act: cutAfter(half, aborted)},
	OKThenEOF:           {name: "ok then eof", says: lost(Cut, "wait.eof"), act: cutAfter(each(ok), killed)},
	OKThenReset:         {name: "ok then reset", says: lost(Cut, "wait.reset"), act: cutAfter(each(ok), aborted)},
	SilenceInHead:       {name: "silence in head", says: lost(Held, "head.timeout", "wait.timeout"), act: together(silenceInHead)},
	BadHPACK:            {name: "bad hpack", says: lost(Broken, "head.malformed", "wait.malformed"), act: broken(raw.On(0, http2.FrameHeaders, raw.EndHeaders|raw.EndStream, raw.BadBlock))},
	BadPing:             {name: "bad ping", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FramePing, 0, "1234567"))},
	BadSettings:         {name: "bad settings", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameSettings, 0, "12345"))},
	BadSetting:          {name: "bad setting", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameSettings, 0, "\x00\x04\xff\xff\xff\xff"))},
	FullAck:             {name: "full ack", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameSettings, http2.FlagSettingsAck, "123456"))},
	BadWindowUpdate:     {name: "bad window update", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameWindowUpdate, 0, "123"))},
	ZeroWindowUpdate:    {name: "zero window update", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameWindowUpdate, 0, "\x00\x00\x00\x00"))},
	Overflow:            {name: "overflow", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameWindowUpdate, 0, raw.Overflow))},
	BadReset:            {name: "bad reset", says: lost(Broken, "wait.malformed"), act: broken(raw.On(0, http2.FrameRSTStream, 0, "123"))},
	ShortGoAway:         {name: "short goaway", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameGoAway, 0, "1234567"))},
	Oversized:           {name: "oversized", says: lost(Broken, "body.malformed", "wait.malformed"), act: broken(raw.Oversized)},
	OverPadded:          {name: "over-padded", says: lost(Broken, "body.malformed", "wait.malformed"), act: broken(raw.OverPadded)},
	DataOnConnection:    {name: "data on connection", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameData, 0, content))},
	HeadOnConnection:    {name: "head on connection", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameHeaders, raw.EndHeaders, "\x88"))},
	ResetOnConnection:   {name: "reset on connection", says: lost(Broken, "wait.malformed"), act: broken(raw.Connection(http2.FrameRSTStream, 0, "\x00\x00\x00\x02"))},
	SettingsOnStream:    {name: "settings on stream", says: lost(Broken, "wait.malformed"), act: broken(raw.On(0, http2.FrameSettings, 0, ""))},
	PingOnStream:        {name: "ping on stream", says: lost(Broken, "wait.malformed"), act: broken(raw.On(0, http2.FramePing, 0, "12345678"))},
	GoAwayOnStream:      {name: "goaway on stream", says: lost(Broken, "wait.malformed"), act: broken(raw.On(0, http2.FrameGoAway, 0, "12345678"))},
	EvenStream:          {name: "even stream", says: lost(Broken, "wait.malformed"), act: broken(func(uint32) []byte { return raw.Head(2) })},
	IdleStream:          {name: "idle stream", says: lost(Broken, "wait.malformed"), act: broken(raw.On(1000, http2.FrameRSTStream, 0, "\x00\x00\x00\x02"))},
	Push:                {name: "push", says: lost(Broken, "wait.malformed"), act: broken(raw.Push)},
	InterruptedHead:     {name: "interrupted head", says: lost(Broken, "head.malformed", "wait.malformed"), act: broken(raw.Interrupted)},
	LoneContinuation:    {name: "lone continuation", says: lost(Broken, "wait.malformed"), act: broken(raw.On(0, http2.FrameContinuation, raw.EndHeaders, "\x88"))},
	EndlessHead:         {name: "endless head", says: lost(Broken, "head.malformed", "wait.malformed"), act: flooded(raw.OpenBlock, raw.On(0, http2.FrameContinuation, 0, strings.Repeat(string(raw.Block("x-many", strings.Repeat("x", 100))), 100)), 64<<20)},
	EmptyContinuations:  {name: "empty continuations", says: lost(Broken, "head.malformed", "wait.malformed", "head.timeout", "wait.timeout"), act: flooded(raw.OpenBlock, raw.On(0, http2.FrameContinuation, 0, ""), 3<<20)},
	EmptyDatas:          {name: "empty datas", says: lost(Broken, "body.malformed", "wait.malformed", "body.timeout", "wait.timeout"), act: flooded(raw.OpenHead, raw.On(0, http2.FrameData, 0, ""), 3<<20)},
	EndlessPings:        {name: "endless pings", says: lost(Broken, "wait.malformed", "wait.timeout"), act: flooded(raw.Nothing, raw.Connection(http2.FramePing, 0, "12345678"), 3<<20)},
	EndlessSettings:     {name: "endless settings", says: lost(Broken, "wait.malformed", "wait.timeout"), act: flooded(raw.Nothing, raw.Connection(http2.FrameSettings, 0, ""), 3<<20)},

	GoAwayAfter:     {name: "goaway after", says: lost(Unprocessed, "wait.goaway"), begin: beginPlain, act: goAwayAfter},
	WindowShut:      {name: "window shut", says: lost(Held, "send.timeout"), begin: beginWindow(0), act: ok, grant: shutGrant, stalls: true},
	TinyWindows:     {name: "tiny windows", begin: beginWindow(tiny), act: ok, grant: tinyGrant},
	ShrinkingWindow: {name: "shrinking window", begin: beginPlain, open: shrinkWindow, act: ok},
	FewStreams:      {name: "few streams", says: lost(Refused, "wait.refused-stream"), begin: beginFew, act: fewStreams},
	ChangingStreams: {name: "changing streams", says: lost(Refused, "wait.refused-stream"), begin: beginFew, act: changingStreams},
	NoSettings:      {name: "no settings", says: lost(Broken, "head.malformed", "wait.malformed"), begin: beginSilent, open: together(withoutSettings)},
	SpeaksHTTP1:     {name: "speaks http/1", says: lost(Broken, "wait.malformed", "head.malformed"), begin: beginSilent, open: together(http1)},
	Mute:            {name: "mute", says: lost(Held, "wait.timeout"), begin: beginMute, stalls: true},
}

// String returns the kind's name, e.g. "goaway middle".
func (k Kind) String() string {
	if k >= numKinds {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kinds[k].name
}

// OfConnections reports whether the kind begins with the connection, so that all
// of its streams have it.
func (k Kind) OfConnections() bool { return k != OK && kinds[k].begin != nil }

// Says returns the classes as which a client may count a stream of this kind and
// fate, whose request has a body or none. There are none for a response that it
// must accept.
func (k Kind) Says(f Fate, body bool) []string {
	classes := slices.Clone(kinds[k].says[f])
	for _, class := range kinds[k].says[f] {
		if cause, waited := strings.CutPrefix(class, "wait."); waited && body {
			classes = append(classes, "send."+cause)
		}
	}
	return classes
}

// Kinds lists all kinds in the order of their constants.
func Kinds() []Kind {
	all := make([]Kind, numKinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}
