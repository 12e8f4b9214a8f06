package format

import (
	"bytes"
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestRedirectedIsNotDenied: after a redirect a server has responded, whatever
// happened to the next hop.
func TestRedirectedIsNotDenied(t *testing.T) {
	const refused = `Post "http://10.0.0.2:1/": dial tcp 10.0.0.2:1: connect: connection refused`
	one := func(at int64, redirected bool) reporttest.Request {
		return reporttest.Request{Start: at * ms, End: at*ms + 1, Fate: record.FateLost, Class: "connect.refused", Endpoint: "10.0.0.2:1", Sample: refused, Redirected: redirected}
	}
	tests := map[string]struct {
		requests       []reporttest.Request
		says, saysNot  []string
		processed      string
		safe, complete bool
	}{
		"all redirected": {
			requests:  []reporttest.Request{one(1, true), one(2, true)},
			says:      []string{"nothing is listening where the redirect leads", "sent after a redirect: an earlier host responded", "never; by the redirecting server: yes"},
			saysNot:   []string{"every connection was refused", "never reached the server"},
			processed: "possibly",
		},
		"some redirected": {
			requests:  []reporttest.Request{one(1, true), one(2, false), one(3, false)},
			says:      []string{"1 of them came after a redirect", "never; by the redirecting server (1 of them): yes"},
			saysNot:   []string{"every connection was refused", "never reached the server"},
			processed: "possibly",
		},
		"none redirected": {
			requests:  []reporttest.Request{one(1, false), one(2, false)},
			says:      []string{"every connection was refused: nothing is listening at that address", "never reached the server"},
			saysNot:   []string{"redirect"},
			processed: "never",
			safe:      true,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := report.Build(reporttest.Recording(reporttest.NewRun(t, tt.requests)))
			for _, format := range []string{"text", "markdown"} {
				text := rendered(t, r, format)
				for _, says := range tt.says {
					if !strings.Contains(text, says) {
						t.Errorf("%s does not say %q:\n%s", format, says, text)
					}
				}
				for _, says := range tt.saysNot {
					if strings.Contains(text, says) {
						t.Errorf("%s says %q:\n%s", format, says, text)
					}
				}
			}
			c := classOf(r.Runs[0].Loss.Classes[0])
			if c.Processed != tt.processed || c.SafeToRetry != tt.safe {
				t.Errorf("got processed %s, safe to retry %t", c.Processed, c.SafeToRetry)
			}
		})
	}
}

// TestOverLimitIsOurs: a response that --max-body cuts is not blamed on the
// server.
func TestOverLimitIsOurs(t *testing.T) {
	run := reporttest.NewRun(t, []reporttest.Request{{Start: ms, End: 2 * ms, Fate: record.FateLost, Class: "body.other", Endpoint: "gw-1", Sample: "body over 100 bytes (--max-body)"}},
		reporttest.Edited(func(r *record.Run) { r.Settings.MaxBody = 100 }))
	text := rendered(t, report.Build(reporttest.Recording(run)), "text")
	if !strings.Contains(text, "nodrop cut 1 response longer than --max-body allows (100 bytes)") || strings.Contains(text, "nodrop does not know") {
		t.Error(text)
	}
}

// rendered returns a report in a format, with its lines joined.
func rendered(t *testing.T, r *report.Report, format string) string {
	t.Helper()
	for _, f := range Formats {
		if f.Name == format {
			var out bytes.Buffer
			if err := f.Write(&out, r); err != nil {
				t.Fatal(err)
			}
			return strings.Join(strings.Fields(out.String()), " ")
		}
	}
	t.Fatalf("no format %s", format)
	return ""
}
