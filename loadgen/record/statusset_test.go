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
		if bits[record.NoStatus] || bits[418] || bits[300] {
			t.Errorf("%q takes too much", set)
		}
	}
	for set, codes := range map[record.StatusSet][]int{
		"goaway":      {record.NoStatus, 200, 302}, // with the statuses that are accepted otherwise
		"404, goaway": {record.NoStatus, 404},
	} {
		bits, err := set.Compile()
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			if !bits[code] {
				t.Errorf("%q refuses %d", set, code)
			}
		}
		if only := set != "goaway"; bits[200] == only || bits[1] || bits[500] {
			t.Errorf("%q takes too much, or too little", set)
		}
	}
	for _, bad := range []record.StatusSet{"", "2", "20x", "99", "1000", "0xx", "a-b", "200-", ",", "goaway,", "GOAWAY", "refused-stream"} {
		if _, err := bad.Compile(); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
