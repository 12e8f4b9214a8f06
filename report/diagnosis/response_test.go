package diagnosis

import (
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/reporttest"
)

// TestMeaningOf checks the table against responses as gateways write them.
func TestMeaningOf(t *testing.T) {
	for _, tt := range []struct {
		response record.ErrorResponse
		want     string // part of the explanation; "" if there is none
	}{
		{record.ErrorResponse{Status: 503, Server: "envoy", Body: "no healthy upstream"}, "flag UH"},
		{record.ErrorResponse{Status: 503, Server: "istio-envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: connection failure"}, "flag UF"},
		{record.ErrorResponse{Status: 503, Server: "istio-envoy", Body: "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused"}, "flag UF"},
		{record.ErrorResponse{Status: 503, Server: "envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: connection termination"}, "flag UC"},
		{record.ErrorResponse{Status: 503, Server: "envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: overflow"}, "flag UO"},
		{record.ErrorResponse{Status: 503, Server: "envoy", Fields: []string{"x-envoy-overloaded: true"}, Body: "upstream connect error or disconnect/reset before headers"}, "flag UO"},
		{record.ErrorResponse{Status: 504, Server: "envoy", Body: "upstream request timeout"}, "flag UT"},
		{record.ErrorResponse{Status: 404, Server: "envoy"}, "flag NR"},
		{record.ErrorResponse{Status: 404, Server: "nginx"}, ""},
		{record.ErrorResponse{Status: 502, Server: "nginx/1.22.1", Body: "<html>\r\n<head><title>502 Bad Gateway</title></head>"}, "nginx's upstream refused"},
		{record.ErrorResponse{Status: 504, Server: "nginx"}, "nginx's upstream did not respond in time"},
		{record.ErrorResponse{Status: 503, Body: "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"}, "HAProxy had no server"},
		{record.ErrorResponse{Status: 502, Body: "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n"}, "HAProxy's upstream closed"},
		{record.ErrorResponse{Status: 504, Body: "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n"}, "HAProxy's upstream did not respond"},
		{record.ErrorResponse{Status: 502, Server: "Caddy"}, "Caddy's upstream"},
		{record.ErrorResponse{Status: 429}, "rate-limiting requests"},
		{record.ErrorResponse{Status: 503, Fields: []string{"retry-after: 5"}}, "Retry-After"},
		{record.ErrorResponse{Status: 503, Server: "apache", Body: "busy"}, ""},
		{record.ErrorResponse{Status: 500, Server: "envoy", Body: "no healthy upstream"}, ""},
	} {
		m := meaningOf(&tt.response)
		switch {
		case m == nil && tt.want != "":
			t.Errorf("%+v: not known; want %q", tt.response, tt.want)
		case m != nil && (tt.want == "" || !strings.Contains(m.says, tt.want)):
			t.Errorf("%+v: got %q; want %q", tt.response, m.says, tt.want)
		}
	}
}

// TestErrorResponses: a known text supports the finding; an unknown one does
// not.
func TestErrorResponses(t *testing.T) {
	requests := reporttest.Steady(100, 0, ms, "gw-1")
	for i := range int64(5) {
		q := reporttest.Lost(50*ms+i*ms, 51*ms+i*ms, "status.503", "gw-1", "")
		q.Status = 503
		requests = append(requests, q)
	}
	find := func(responses ...record.ErrorResponse) Finding {
		run := reporttest.NewRun(t, requests, reporttest.Edited(func(run *record.Run) { run.Responses = responses }))
		return found(run)[0]
	}
	known := record.ErrorResponse{Status: 503, Server: "envoy", Body: "no healthy upstream", Count: 3}
	odd := record.ErrorResponse{Status: 503, Body: "?", Count: 2}
	if f := find(known); f.Confidence != Likely || f.Title != "5 responses had status 503, over 4.0 ms" || len(f.Remedies) != 1 || f.Measured != 4*ms {
		t.Errorf("got %+v; want it likely, with a remedy", f)
	}
	if f := find(known, odd); f.Confidence != CannotTell {
		t.Errorf("got %+v; want \"cannot tell\", since one response is unknown", f)
	}
	if f := find(); f.Confidence != CannotTell || len(f.Remedies) != 1 {
		t.Errorf("got %+v; want \"cannot tell\"", f)
	}
}
