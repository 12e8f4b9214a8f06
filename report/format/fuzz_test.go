package format

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nodrop/loadgen/stream"
	"nodrop/report"
	"nodrop/report/compare"
)

// FuzzBuild: every format can report anything that is read as a recording.
func FuzzBuild(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	// The longest, earliest and latest times that a file may hold.
	f.Add([]byte(`{"format":"nodrop/1","runs":[{"durationNs":288230376151711744,"counts":{"planned":1,"started":1,"ok":1},
		"marks":[{"kind":"step","startNs":-288230376151711744,"endNs":288230376151711744},{"kind":"exited","endpoint":"x"}],
		"bins":{"widthNs":70368744177664,"list":[{"started":1,"ok":1,"lost":[{"class":"wait.eof","count":1}]}]},
		"outcomes":[{"fate":"lost","class":"wait.eof","count":281474976710656}],
		"traces":[{"startNs":288230376151711744,"class":"wait.eof","steps":[{"atNs":0,"what":"x"}]}],
		"endpoints":[{"name":"a"},{"name":"b"}],"expect":["lost == 0"]}]}`))
	f.Add(manyEndpoints())
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := stream.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		reports := []*report.Report{report.Build(rec)}
		saved := []compare.Saved{{File: "f", Recording: rec}}
		if change, err := report.Compare(saved, saved, "", nil); err == nil {
			reports = append(reports, change)
		}
		for _, format := range Formats {
			for _, r := range reports {
				if err := format.Write(io.Discard, r); err != nil {
					t.Errorf("%s: %v", format.Name, err)
				}
			}
		}
	})
}

// manyEndpoints is a run of nine years without losses, with the largest
// possible number of endpoints.
func manyEndpoints() []byte {
	var names []string
	for i := range 10_001 {
		names = append(names, fmt.Sprintf(`{"name":"%d"}`, i))
	}
	return fmt.Appendf(nil, `{"format":"nodrop/1","runs":[{"durationNs":288230376151711744,"counts":{"planned":1,"started":1,"ok":1},
		"marks":[{"kind":"step"}],"endpoints":[%s]}]}`, strings.Join(names, ","))
}
