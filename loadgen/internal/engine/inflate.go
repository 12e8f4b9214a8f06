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
// that its checksums and lengths hold. What it inflates is thrown away, so that
// it takes the same 60 KiB for a body of any size. A body made to inflate
// without end costs processor time only, and that is bounded too: a byte
// becomes at most 1032, and between two pieces of the body the request's
// deadline is looked at.
//
// The standard decompressors pull their input; pieces of a body are pushed. So
// one runs as a coroutine, which stops where it has read all there is.
type inflater struct {
	coding string // of the body under way; "" = there is nothing to check
	err    error  // what is wrong with it

	next func() (struct{}, bool) // resumes the coroutine; nil before the first body
	stop func()

	input input
	busy  bool // in the middle of a body
	text  bool // there is nothing in it so far but printable ASCII
}

// checkable is the coding that a Content-Encoding names, "" if it is none that
// can be checked: several on top of each other, or one that the standard library does
// not know.
func checkable(field []byte) string {
	switch strings.ToLower(string(field)) {
	case "gzip", "x-gzip":
		return "gzip"
	case "deflate":
		return "deflate"
	}
	return ""
}

// begin makes f ready for the next body.
func (f *inflater) begin(coding string) {
	if coding == "" && f.coding == "" {
		return // nothing was to be checked, nor is: almost always
	}
	if f.busy {
		f.input.gone = true
		f.resume()
	}
	f.coding, f.err, f.text = coding, nil, true
	f.input = input{yield: f.input.yield}
}

// feed takes the next piece of the body.
func (f *inflater) feed(piece []byte) {
	if f.coding == "" || f.err != nil {
		return
	}
	f.text = f.text && isText(piece)
	f.input.piece = piece
	f.resume()
	f.input.piece = nil // the caller's, which it will write to
}

// end says what was wrong with the body, now that it has come to its end.
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

// isText reports whether b is all printable ASCII. Of bytes that are compressed
// hardly three in a row are.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// close ends the coroutine.
func (f *inflater) close() {
	if f.stop != nil {
		f.stop()
	}
	*f = inflater{}
}

// resume runs the coroutine until it wants more than there is, or has come to
// the end of the body or to an error.
func (f *inflater) resume() {
	if f.next == nil {
		f.next, f.stop = iter.Pull(f.bodies)
	}
	f.next()
}

// bodies inflates one body after the other.
func (f *inflater) bodies(yield func(struct{}) bool) {
	f.input.yield = yield
	var d decompressors
	for more := true; more; more = yield(struct{}{}) {
		f.busy = true
		f.err = contentErrorOf(f.coding, d.discard(f.coding, &f.input))
		f.busy = false
	}
}

// contentErrorOf leaves out of err where it was met, so that equal causes have
// equal texts.
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

// decompressors are made when a body first needs them, and used again.
type decompressors struct {
	gzip  gzip.Reader
	zlib  io.ReadCloser
	flate io.ReadCloser
	out   [8 << 10]byte // what io.Discard would take from a pool that a collection empties
}

// discard reads the body to its end, which is to be that of the input too.
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

// gzipMagic is what a gzip stream begins with (RFC 1952 §2.3.1).
const gzipMagic = "\x1f\x8b"

// drain reads r to its end.
func (d *decompressors) drain(r io.Reader) error {
	for {
		if _, err := r.Read(d.out[:]); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// deflate is a reader of what HTTP calls deflate: zlib's format (RFC 9110
// §8.4.1.2), or what some servers send by that name and every browser takes,
// the same without zlib's head and checksum.
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

// input is what a coroutine reads: the pieces of a body. It can be read by
// bytes, so that a decompressor takes none beyond its end.
type input struct {
	yield  func(struct{}) bool
	piece  []byte
	eof    bool    // no piece will follow
	gone   bool    // nor does anybody want to know
	back   [2]byte // the first bytes, which are looked at and then read
	looked int     // how many of them have come
	unread int     // of back, to be read once more
	raw    bool    // it has no head: any byte may be its first
}

var _ flate.Reader = (*input)(nil)

// await returns when there is something to read, or never will be.
func (in *input) await() error {
	for len(in.piece) == 0 {
		if in.eof || in.gone || !in.yield(struct{}{}) {
			return io.EOF
		}
	}
	return nil
}

// ahead is the next of the first bytes.
func (in *input) ahead() (byte, error) {
	b, err := in.ReadByte()
	if err != nil {
		return 0, io.ErrUnexpectedEOF
	}
	in.back[in.looked] = b
	in.looked++
	return b, nil
}

// expect reports an input that does not begin with magic, as soon as it does
// not: the decompressor would wait for all of its header, and take the end of a
// shorter text for one that was cut. What was looked at is read once more.
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
