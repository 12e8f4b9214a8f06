package record_test

import (
	"testing"

	"nodrop/loadgen/record"
)

func TestStatusSet(t *testing.T) {
	tests := map[record.StatusSet][]int{
		"200":         {200},
		"200, 204":    {200, 204},
		"2XX":         {200, 299},
		"500-502":     {500, 501, 502},
		"100-199,999": {100, 199, 999},
	}
	for set, codes := range tests {
		bits, err := set.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			if !bits[code] {
				t.Errorf("%q refuses %d", set, code)
			}
		}
		if bits[418] || bits[300] {
			t.Errorf("%q takes too much", set)
		}
	}
	for _, bad := range []record.StatusSet{"", "2", "20x", "99", "1000", "0xx", "a-b", "200-", ","} {
		if _, err := bad.Compile(); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
