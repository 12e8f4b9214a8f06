package loadgen

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDoubts: what is probably not meant is said before the load.
func TestDoubts(t *testing.T) {
	tests := map[string]struct {
		config Config
		want   []string
	}{
		"a rate":              {Config{Rate: 25, Workers: 200}, nil},
		"a high rate":         {Config{Rate: 1250, Workers: 200}, nil},
		"a rate for all":      {Config{Rate: 5000, Workers: 200}, []string{"-q is per worker, as in hey: -q 5000 with -c 200 asks for 1 million requests/s, more than most machines can send; for 5000/s in all, use -q 25"}},
		"a higher one":        {Config{Rate: 100_000, Workers: 50}, []string{"-q is per worker, as in hey: -q 100000 with -c 50 asks for 5 million requests/s, more than most machines can send; for 100000/s in all, use -q 2000"}},
		"far too high":        {Config{Rate: 1e6, Workers: 3}, []string{"-q is per worker, as in hey: -q 1000000 with -c 3 asks for 3 million requests/s, more than most machines can send; for 1000000/s in all, use -q 333000"}},
		"in halves":           {Config{Rate: 2500, Workers: 200}, []string{"-q is per worker, as in hey: -q 2500 with -c 200 asks for 0.5 million requests/s, more than most machines can send; for 2500/s in all, use -q 12.5"}},
		"the highest":         {Config{Rate: 1e9, Workers: 50}, []string{"-q is per worker, as in hey: -q 1000000000 with -c 50 asks for 50000 million requests/s, more than most machines can send; for 1000000000/s in all, use -q 20000000"}},
		"of one worker":       {Config{Rate: 300_000, Workers: 1}, nil},
		"a duration":          {Config{Body: []byte("30s"), Method: "GET"}, []string{`-d "30s" is sent as the body of each request; to send for that long, use -z 30s`}},
		"a body":              {Config{Body: []byte("{}"), Method: "GET"}, nil},
		"a duration, as data": {Config{Body: []byte("30s"), Method: "POST"}, nil},
		"a number":            {Config{Body: []byte("30"), Method: "GET"}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.config.URL = "http://127.0.0.1/"
			l, err := New(t.Context(), test.config)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if diff := cmp.Diff(test.want, l.Warnings()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
