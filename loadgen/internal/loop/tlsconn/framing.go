package tlsconn

// framing follows the boundaries of TLS records in what is read.
type framing struct {
	header int // bytes of the current record's header so far
	length int // what they say about the record's length
	left   int // bytes of the record still to come
	whole  int // records that have come whole, less those handed on
}

const headerSize = 5 // bytes: type, version, length

func (f *framing) feed(b []byte) {
	for len(b) > 0 {
		if f.left == 0 {
			f.feedHeader(b[0])
			b = b[1:]
			continue
		}
		n := min(f.left, len(b))
		f.left -= n
		b = b[n:]
		if f.left == 0 {
			f.whole++
		}
	}
}

func (f *framing) feedHeader(c byte) {
	f.header++
	if f.header > headerSize-2 {
		f.length = f.length<<8 | int(c)
	}
	if f.header < headerSize {
		return
	}
	if f.left = f.length; f.left == 0 {
		f.whole++
	}
	f.header, f.length = 0, 0
}
