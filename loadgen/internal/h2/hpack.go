package h2

// keepsTable reports whether a block of fields, which HPACK has decoded or
// encoded without error, leaves the dynamic table as it is. As long as only such
// blocks follow, the same bytes mean the same fields.
func keepsTable(block []byte) bool {
	for len(block) > 0 {
		switch b := block[0]; {
		case b&0x80 != 0: // an indexed field
			_, block = cutInteger(block, 7)
		case b&0xe0 != 0: // a field for the table, or the table's size
			return false
		default: // a literal that is not for the table
			var name uint64
			if name, block = cutInteger(block, 4); name == 0 {
				block = cutString(block)
			}
			block = cutString(block)
		}
	}
	return true
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
