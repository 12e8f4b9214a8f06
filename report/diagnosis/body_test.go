package diagnosis

import (
	"slices"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// unsized returns n responses whose heads do not say how long their bodies are.
func unsized(n int, from, bytes int64) []reporttest.Request {
	list := reporttest.Steady(n, from, ms, "10.0.0.1:80")
	for i := range list {
		list[i].Unsized, list[i].Bytes = true, bytes
	}
	return list
}

func restarted(run *record.Run) {
	run.Marks = []record.Mark{{Kind: record.MarkStep, Name: "restart", Start: 1000 * ms, End: 1100 * ms}}
}

func ruled(list []Finding, rule string) *Finding {
	i := slices.IndexFunc(list, func(f Finding) bool { return f.Rule == rule })
	if i < 0 {
		return nil
	}
	return &list[i]
}

func TestBodyShorter(t *testing.T) {
	requests := slices.Concat(unsized(240, 0, 5000), unsized(12, 1050*ms, 2500), unsized(68, 1200*ms, 5000))
	f := ruled(found(reporttest.NewRun(t, requests, reporttest.Edited(restarted))), "body-shorter")
	if f == nil {
		t.Fatal("no finding")
	}
	const title = "12 of 80 responses during the event had a shorter body (2,500 bytes) than all 240 before it (5,000 bytes)"
	if f.Title != title || f.Code != BodyShorter || f.Lost != 0 || f.Confidence != Shown {
		t.Errorf("got %+v; want %s", f, title)
	}
	for _, part := range []string{"they count as ok", "the event lasted from 1.000 s to 1.100 s", "--expect-body length:N", "proxy_http_version 1.1"} {
		if !strings.Contains(f.text(), part) {
			t.Errorf("no %q in\n%s", part, f.text())
		}
	}
	marked := reporttest.Edited(func(run *record.Run) { run.Marks = []record.Mark{markAt(record.MarkReady, 1000*ms, "10.0.0.1:80")} })
	if f := ruled(found(reporttest.NewRun(t, requests, marked)), "body-shorter"); f == nil || !strings.HasPrefix(f.Title, "12 of 80 responses after the first mark had") {
		t.Errorf("no event: got %+v", f)
	}
	whole := slices.Concat(unsized(240, 0, 5000), unsized(80, 1050*ms, 5000))
	if f := ruled(found(reporttest.NewRun(t, whole, reporttest.Edited(restarted))), "body-shorter"); f != nil {
		t.Errorf("bodies were whole: %+v", f)
	}
}

func TestBodyRejected(t *testing.T) {
	const text = `Get "http://gateway:8080/": a body of 2500 bytes, not 5000 (--expect-body)`
	requests := slices.Concat(unsized(240, 0, 5000), unsized(80, 1050*ms, 5000))
	for i := range int64(3) {
		requests = append(requests, reporttest.Lost(1050*ms+i*ms, 1060*ms+i*ms, "body.rejected", "10.0.0.1:80", text))
	}
	f := ruled(found(reporttest.NewRun(t, requests, reporttest.Edited(restarted), reporttest.Edited(func(run *record.Run) {
		run.Settings.ExpectBody = "length:5000"
	}))), "body-rejected")
	if f == nil {
		t.Fatal("no finding")
	}
	if want := "3 responses were whole, but not what --expect-body asks for"; f.Title != want || f.Code != BodyRejected || f.Lost != 3 || f.Confidence != Shown {
		t.Errorf("got %+v; want %s", f, want)
	}
	for _, part := range []string{"3 × body.rejected", "3 × " + text, "10.0.0.1:80"} {
		if !strings.Contains(f.text(), part) {
			t.Errorf("no %q in\n%s", part, f.text())
		}
	}
}
