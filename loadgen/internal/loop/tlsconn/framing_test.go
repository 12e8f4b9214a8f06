package tlsconn

import (
	"math/rand/v2"
	"testing"
)

// TestFraming: records are counted when they are whole, however the bytes are
// split.
func TestFraming(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 0))
		var stream []byte
		var ends []int
		for range random.IntN(10) {
			length := random.IntN(600)
			if random.IntN(4) == 0 {
				length = 0
			}
			stream = append(stream, 23, 3, 3, byte(length>>8), byte(length))
			stream = append(stream, make([]byte, length)...)
			ends = append(ends, len(stream))
		}
		var f framing
		for at := 0; at < len(stream); {
			n := min(1+random.IntN(700), len(stream)-at)
			f.feed(stream[at : at+n])
			at += n
			want := 0
			for _, end := range ends {
				if end <= at {
					want++
				}
			}
			if f.whole != want {
				t.Fatalf("seed %d: %d whole records after %d bytes; want %d", seed, f.whole, at, want)
			}
		}
	}
}
