package engine

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"iter"
	"strings"

	"nodrop/loadgen/internal/wire"
)

// inflater checks compressed bodies as they come: that the stream is whole, and
// that its checksums and lengths are right. It keeps none of the inflated bytes,
// so it takes the same 60 KiB for a body of any size. A body made to inflate
// without end costs only processor time, and that is bounded too: a byte
// inflates to at most 1032 bytes, and the request's deadline is checked between
// two pieces of the body.
//
// The standard decompressors pull their input, but pieces of a body are pushed.
// So a decompressor runs as a coroutine, which stops when it has read all the
// input so far.
type inflater struct {
	coding string                // of the current body; "" = nothing to check
	err    error                 // what is wrong with the body
	sink   func(inflated []byte) // receives what the body inflates to; nil if nobody wants it

	next func() (struct{}, bool) // resumes the coroutine; nil before the first body
	stop func()

	input input
	busy  bool // in the middle of a body
	text  bool // all bytes so far are printable ASCII
}

// checkable returns the coding that a Content-Encoding names. It returns "" if
// that cannot be checked: for several codings on top of each other, and for one
// that the standard library does not know.
func checkable(field []byte) string {
	switch strings.ToLower(string(field)) {
	case "gzip", "x-gzip":
		return "gzip"
	case "deflate":
		return "deflate"
	}
	return ""
}

func (f *inflater) begin(coding string) {
	if coding == "" && f.coding == "" {
		return // nothing to check, before or now: the usual case
	}
	if f.busy {
		f.input.gone = true
		f.resume()
	}
	f.coding, f.err, f.text = coding, nil, true
	f.input = input{yield: f.input.yield}
}

func (f *inflater) feed(piece []byte) {
	if f.coding == "" || f.err != nil {
		return
	}
	f.text = f.text && isText(piece)
	f.input.piece = piece
	f.resume()
	f.input.piece = nil // the caller owns it and will overwrite it
}

func (f *inflater) end() error {
	if f.busy && f.err == nil {
		f.input.eof = true
		f.resume()
	}
	if e, ok := errors.AsType[*wire.ContentError](f.err); ok && e.Short && f.input.raw && f.text {
		f.err = &wire.ContentError{Coding: f.coding, What: "text that is not compressed"}
	}
	return f.err
}

// isText reports whether b is all printable ASCII. In compressed bytes, runs of
// even three such bytes are rare.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

func (f *inflater) close() {
	if f.stop != nil {
		f.stop()
	}
	*f = inflater{}
}

// resume runs the coroutine until it needs more input, or reaches the end of
// the body or an error.
func (f *inflater) resume() {
	if f.next == nil {
		f.next, f.stop = iter.Pull(f.bodies)
	}
	f.next()
}

// bodies is the coroutine. It inflates one body after the other.
func (f *inflater) bodies(yield func(struct{}) bool) {
	f.input.yield = yield
	var d decompressors
	for more := true; more; more = yield(struct{}{}) {
		f.busy, d.sink = true, f.sink
		f.err = contentErrorOf(f.coding, d.discard(f.coding, &f.input))
		f.busy = false
	}
}

// contentErrorOf makes a ContentError of err without its position, so that
// equal causes have equal texts.
func contentErrorOf(coding string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &wire.ContentError{Coding: coding, What: "unexpected EOF", Short: true}
	}
	if _, corrupt := errors.AsType[flate.CorruptInputError](err); corrupt {
		return &wire.ContentError{Coding: coding, What: "corrupt input"}
	}
	_, what, found := strings.Cut(err.Error(), ": ") // "gzip: invalid checksum"
	if !found {
		what = err.Error()
	}
	return &wire.ContentError{Coding: coding, What: what}
}

// decompressors are made when a body first needs them, and then reused.
type decompressors struct {
	gzip  gzip.Reader
	zlib  io.ReadCloser
	flate io.ReadCloser
	sink  func(inflated []byte)
	out   [8 << 10]byte // io.Discard would use a pool, which garbage collection empties
}

// discard reads the body to its end, which must also be the end of the input.
func (d *decompressors) discard(coding string, in *input) error {
	if coding == "gzip" {
		if err := in.expect(gzipMagic); err != nil {
			return err
		}
		if err := d.gzip.Reset(in); err != nil {
			return err
		}
		return d.drain(&d.gzip)
	}
	r, err := d.deflate(in)
	if err != nil {
		return err
	}
	if err := d.drain(r); err != nil {
		return err
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("data after the end")
	}
	return nil
}

// gzipMagic is the first two bytes of a gzip stream (RFC 1952 §2.3.1).
const gzipMagic = "\x1f\x8b"

func (d *decompressors) drain(r io.Reader) error {
	for {
		n, err := r.Read(d.out[:])
		if n > 0 && d.sink != nil {
			d.sink(d.out[:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

// deflate returns a reader of what HTTP calls deflate. That is zlib's format
// (RFC 9110 §8.4.1.2), or the same without zlib's header and checksum, which
// some servers send under that name and every browser accepts.
func (d *decompressors) deflate(in *input) (io.Reader, error) {
	for range in.back {
		if _, err := in.ahead(); err != nil {
			return nil, err
		}
	}
	in.unread = len(in.back)
	var err error
	switch head := uint(in.back[0])<<8 | uint(in.back[1]); {
	case head&0x0f00 != 0x0800 || head%31 != 0: // RFC 1950 §2.2
		in.raw = true
		if d.flate == nil {
			d.flate = flate.NewReader(in)
			return d.flate, nil
		}
		return d.flate, d.flate.(flate.Resetter).Reset(in, nil)
	case d.zlib == nil:
		d.zlib, err = zlib.NewReader(in)
		return d.zlib, err
	}
	return d.zlib, d.zlib.(zlib.Resetter).Reset(in, nil)
}

// input is what a coroutine reads: the pieces of a body. It implements
// io.ByteReader, so that a decompressor takes no bytes beyond its end.
type input struct {
	yield  func(struct{}) bool
	piece  []byte
	eof    bool    // no more pieces will follow
	gone   bool    // the body was given up: its result does not matter
	back   [2]byte // the first bytes, which are peeked at and then read
	looked int     // how many of them have been peeked at
	unread int     // how many bytes of back are still to be read
	raw    bool    // a deflate stream without zlib's header: it may begin with any byte
}

var _ flate.Reader = (*input)(nil)

// await returns when there is something to read; io.EOF means that there will
// be nothing more.
func (in *input) await() error {
	for len(in.piece) == 0 {
		if in.eof || in.gone || !in.yield(struct{}{}) {
			return io.EOF
		}
	}
	return nil
}

// ahead peeks at the next of the first bytes.
func (in *input) ahead() (byte, error) {
	b, err := in.ReadByte()
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	in.back[in.looked] = b
	in.looked++
	return b, nil
}

// expect returns an error as soon as the input differs from magic. The
// decompressor would wait for its whole header first, and report a shorter text
// as truncated. The bytes peeked at are read again.
func (in *input) expect(magic string) error {
	for i := range len(magic) {
		b, err := in.ahead()
		if err != nil {
			return err
		}
		if b != magic[i] {
			return gzip.ErrHeader
		}
	}
	in.unread = len(magic)
	return nil
}

func (in *input) Read(b []byte) (int, error) {
	if in.unread > 0 && len(b) > 0 {
		c, err := in.ReadByte()
		b[0] = c
		return 1, err
	}
	if err := in.await(); err != nil {
		return 0, err
	}
	n := copy(b, in.piece)
	in.piece = in.piece[n:]
	return n, nil
}

func (in *input) ReadByte() (byte, error) {
	if n := in.unread; n > 0 {
		in.unread--
		return in.back[len(in.back)-n], nil
	}
	if err := in.await(); err != nil {
		return 0, err
	}
	b := in.piece[0]
	in.piece = in.piece[1:]
	return b, nil
}
