package phrase

import (
	"math"
	"testing"

	"nodrop/report/reporttest"
)

func TestDuration(t *testing.T) {
	for _, tt := range []struct {
		ns   int64
		want string
	}{
		{0, "0 s"},
		{1, "1 µs"},
		{999, "1 µs"},
		{1_000, "1 µs"},
		{999_999, "999 µs"},
		{1_000_000, "1.0 ms"},
		{52_000_000, "52.0 ms"},
		{999_949_999, "999.9 ms"},
		{999_950_000, "1.000 s"},
		{999_999_999, "1.000 s"},
		{1_000_000_000, "1.000 s"},
		{3_600_000_000_000, "3600.000 s"},
		{-52_000_000, "-52.0 ms"},
		{-1, "-1 µs"},
	} {
		if got := Duration(tt.ns); got != tt.want {
			t.Errorf("duration(%d): got %q; want %q", tt.ns, got, tt.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 50_000: "50,000", 999_999: "999,999", 1_000_000: "1,000,000",
		-999: "-999", -1000: "-1,000", -123_456: "-123,456",
		math.MaxInt64: "9,223,372,036,854,775,807",
	} {
		if got := Number(n); got != want {
			t.Errorf("number(%d): got %q; want %q", n, got, want)
		}
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		list []string
		want string
	}{
		{[]string{"gw-2"}, "gw-2"},
		{[]string{"gw-10", "gw-2", "gw-9"}, "gw-2, gw-9, gw-10"},
		{reporttest.Replicas(2, 4), "gw-2, gw-3, gw-4"},
		{reporttest.Replicas(2, 10), "gw-2 … gw-10 (9)"},
		{append(reporttest.Replicas(2, 5), reporttest.Replicas(7, 10)...), "gw-2 … gw-5 (4), gw-7 … gw-10 (4)"},
		{[]string{"gw-4", "gw-5", "gw-7", "gw-8"}, "gw-4, gw-5, gw-7, gw-8"},
		{[]string{"gw-1", "gw-3", "gw-5", "gw-7", "gw-9", "gw-11", "gw-13"}, "gw-1, gw-3, gw-5, gw-7, gw-9 and 2 more"},
		{[]string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"}, "10.0.0.1:80 … 10.0.0.4:80 (4)"},
		{[]string{"10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:82", "10.0.0.1:83"}, "10.0.0.1:80 … 10.0.0.1:83 (4)"},
		{[]string{"10.0.0.9:80", "10.0.1.10:80", "10.0.2.11:80", "10.0.3.12:80"}, "10.0.0.9:80, 10.0.1.10:80, 10.0.2.11:80, 10.0.3.12:80"},
		{[]string{"gw-08", "gw-09", "gw-10", "gw-11"}, "gw-08 … gw-11 (4)"},
		{[]string{"a", "b", "c", "d"}, "a, b, c, d"},
		{[]string{"n99999999999999999999", "n99999999999999999998"}, "n99999999999999999998, n99999999999999999999"},
	} {
		if got := Names(tt.list); got != tt.want {
			t.Errorf("names(%v): got %q; want %q", tt.list, got, tt.want)
		}
	}
}

// TestShare: a whole percentage, unless some would become none or all.
func TestShare(t *testing.T) {
	for ratio, want := range map[float64]string{0: "0 %", 0.004: "0.40 %", 0.006: "1 %", 0.5: "50 %", 0.994: "99 %", 0.9951: "99.5 %", 0.99999: "99.999 %", 1: "100 %"} {
		if got := Share(ratio); got != want {
			t.Errorf("share(%v): got %q; want %q", ratio, got, want)
		}
	}
}

func TestPercentage(t *testing.T) {
	for ratio, want := range map[float64]string{
		0: "0 %", 1: "100 %", 0.95: "95 %", 0.26: "26 %", 0.0296: "3.0 %", 0.0075: "0.75 %", 0.00064: "0.064 %", 3e-7: "0.000030 %", 3e-9: "0.00000030 %",
		0.995: "99.5 %", 0.996: "99.6 %", 0.9996: "99.96 %", 0.99999: "99.999 %", 0.994: "99 %", 12: "1200 %",
	} {
		if got := Percentage(ratio); got != want {
			t.Errorf("percentage(%v): got %q; want %q", ratio, got, want)
		}
	}
}
