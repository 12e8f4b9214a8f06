package h2

// contents is what a block of fields does with HPACK's dynamic table.
type contents struct {
	refers  bool // to an entry of the table
	resizes bool
	adds    int // entries
}

// keepsTable reports whether the table stays as it is.
func (c contents) keepsTable() bool { return c.adds == 0 && !c.resizes }

// repeats reports whether the same bytes mean the same fields, if nothing comes
// between them.
func (c contents) repeats() bool { return !c.resizes && (c.adds == 0 || !c.refers) }

// staticEntries is the number of entries that need no table (RFC 7541 appendix
// A).
const staticEntries = 61

// inspect reads a block that HPACK has decoded or encoded without error.
func inspect(block []byte) (c contents) {
	for len(block) > 0 {
		var index uint64
		switch b := block[0]; {
		case b&0x80 != 0: // an indexed field
			index, block = cutInteger(block, 7)
		case b&0x40 != 0: // a literal for the table
			c.adds++
			index, block = cutLiteral(block, 6)
		case b&0x20 != 0:
			c.resizes = true
			_, block = cutInteger(block, 5)
		default: // a literal that is not for the table
			index, block = cutLiteral(block, 4)
		}
		c.refers = c.refers || index > staticEntries
	}
	return c
}

// cutLiteral reads a literal field (RFC 7541 §6.2) and returns the index of its
// name, 0 if that is a literal, too.
func cutLiteral(b []byte, prefix uint) (index uint64, rest []byte) {
	index, rest = cutInteger(b, prefix)
	if index == 0 {
		rest = cutString(rest)
	}
	return index, cutString(rest)
}

// cutInteger reads an integer with a prefix of n bits (RFC 7541 §5.1).
func cutInteger(b []byte, n uint) (value uint64, rest []byte) {
	if len(b) == 0 {
		return 0, nil
	}
	limit := uint64(1)<<n - 1
	if value = uint64(b[0]) & limit; value < limit {
		return value, b[1:]
	}
	for i, c := range b[1:] {
		value += uint64(c&0x7f) << min(7*i, 63)
		if c&0x80 == 0 {
			return value, b[i+2:]
		}
	}
	return value, nil
}

func cutString(b []byte) (rest []byte) {
	length, rest := cutInteger(b, 7)
	return rest[min(length, uint64(len(rest))):]
}
