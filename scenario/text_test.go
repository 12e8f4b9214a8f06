package scenario

import (
	"testing"
	"time"
)

// TestSpan: no units that are zero.
func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 1500 * time.Millisecond: "1.5s", 20 * time.Second: "20s", time.Minute: "1m", 10 * time.Minute: "10m",
		80 * time.Second: "1m20s", time.Hour: "1h", 10 * time.Hour: "10h", time.Hour + 20*time.Minute: "1h20m", time.Hour + time.Second: "1h0m1s",
	} {
		if got := Span(d); got != want {
			t.Errorf("%v: %s; want %s", d, got, want)
		}
	}
}

// TestNumber: digits in groups of three.
func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 16_200: "16,200", 1_000_000: "1,000,000"} {
		if got := Number(n); got != want {
			t.Errorf("%d: %s; want %s", n, got, want)
		}
	}
}
