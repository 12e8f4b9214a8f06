package expect

import (
	"crypto/sha256"
	"hash"
	"strconv"
)

// Check checks one body at a time.
type Check struct {
	body *Body
	seen int64  // bytes of the current body
	kept []byte // its beginning, for a pattern
	hash hash.Hash
	sum  [sha256.Size]byte
}

// keptBetween is the size, in bytes, of the largest buffer that a Check keeps from
// one body to the next: thousands of workers have one each.
const keptBetween = 64 << 10

func emptied(b []byte) []byte {
	if cap(b) > keptBetween {
		return nil
	}
	return b[:0]
}

// Begin makes c ready for a body that must be as b says.
func (c *Check) Begin(b *Body) {
	c.body, c.seen, c.kept = b, 0, emptied(c.kept)
	switch {
	case b.sum == nil:
	case c.hash == nil:
		c.hash = sha256.New()
	default:
		c.hash.Reset()
	}
}

// Feed takes the next piece of the body, and keeps no reference to it.
func (c *Check) Feed(piece []byte) {
	c.seen += int64(len(piece))
	switch {
	case c.body.sum != nil:
		_, _ = c.hash.Write(piece) // never fails
	case c.body.pattern != nil:
		c.kept = append(c.kept, piece[:min(MaxKept-len(c.kept), len(piece))]...)
	}
}

// End returns what is wrong with the body, which is whole; "" if it is as
// wanted. Call it once.
func (c *Check) End() string {
	b := c.body
	switch {
	case b.sum != nil:
		if [sha256.Size]byte(c.hash.Sum(c.sum[:0])) != *b.sum {
			return "a body with another checksum than " + b.text + " (--expect-body)"
		}
	case b.pattern != nil:
		matches := b.pattern.Match(c.kept)
		c.kept = emptied(c.kept)
		if !matches {
			return "a body without a match for " + b.text + " (--expect-body)"
		}
	case c.seen != b.length:
		return "a body of " + strconv.FormatInt(c.seen, 10) + " bytes, not " + strconv.FormatInt(b.length, 10) + " (--expect-body)"
	}
	return ""
}
