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
