package errorpage

import (
	"strings"
	"testing"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/errorshape"
)

const (
	nginxPage   = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
	haproxyPage = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
)

// TestOf checks the table against responses as gateways write them.
func TestOf(t *testing.T) {
	for _, tt := range []struct {
		response record.ErrorResponse
		want     string // part of the explanation; "" if there is none
		product  string
	}{
		{record.ErrorResponse{Status: 503, Server: "envoy", Body: "no healthy upstream"}, "flag UH", Envoy},
		{record.ErrorResponse{Status: 503, Server: "istio-envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: connection failure"}, "flag UF", Envoy},
		{record.ErrorResponse{Status: 503, Server: "istio-envoy", Body: "upstream connect error or disconnect/reset before headers. retried and the latest reset reason: remote connection failure, transport failure reason: delayed connect error: Connection refused"}, "flag UF", Envoy},
		{record.ErrorResponse{Status: 503, Server: "envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: connection termination"}, "flag UC", Envoy},
		{record.ErrorResponse{Status: 503, Server: "envoy", Body: "upstream connect error or disconnect/reset before headers. reset reason: overflow"}, "flag UO", Envoy},
		{record.ErrorResponse{Status: 503, Server: "envoy", Fields: []string{"x-envoy-overloaded: true"}, Body: "upstream connect error or disconnect/reset before headers"}, "flag UO", Envoy},
		{record.ErrorResponse{Status: 504, Server: "envoy", Body: "upstream request timeout"}, "flag UT", Envoy},
		{record.ErrorResponse{Status: 404, Server: "envoy"}, "flag NR", Envoy},
		{record.ErrorResponse{Status: 404, Server: "envoy", Body: "no such user"}, "", Envoy},
		{record.ErrorResponse{Status: 404, Server: "nginx"}, "", Nginx},
		{record.ErrorResponse{Status: 502, Server: "nginx/1.22.1", Body: nginxPage}, "nginx's upstream refused", Nginx},
		{record.ErrorResponse{Status: 503, Server: "nginx", Body: `{"error":"shutting down"}`}, "", Nginx},
		{record.ErrorResponse{Status: 502, Server: "nginx", Body: `{"error":"no response from the payment provider"}`}, "", Nginx},
		{record.ErrorResponse{Status: 502, Server: "nginx"}, "nginx's upstream refused", Nginx},
		{record.ErrorResponse{Status: 504, Server: "nginx", Body: "gave up"}, "", Nginx},
		{record.ErrorResponse{Status: 502, Server: "Caddy", Body: "gave up"}, "", Caddy},
		{record.ErrorResponse{Status: 503, Server: "nginx", Body: "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>"}, "nginx had no upstream", Nginx},
		{record.ErrorResponse{Status: 504, Server: "nginx"}, "nginx's upstream did not respond in time", Nginx},
		{record.ErrorResponse{Status: 503, Body: haproxyPage}, "HAProxy had no server", HAProxy},
		{record.ErrorResponse{Status: 502, Body: "<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n"}, "HAProxy's upstream closed", HAProxy},
		{record.ErrorResponse{Status: 504, Body: "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n"}, "HAProxy's upstream did not respond", HAProxy},
		{record.ErrorResponse{Status: 502, Server: "Caddy"}, "Caddy's upstream", Caddy},
		{record.ErrorResponse{Status: 503, Body: "no available server\n"}, "Traefik had no server", Traefik},
		{record.ErrorResponse{Status: 502, Server: "awselb/2.0"}, "ALB's target", ALB},
		{record.ErrorResponse{Status: 429}, "rate-limiting requests", ""},
		{record.ErrorResponse{Status: 503, Fields: []string{"retry-after: 5"}}, "Retry-After", ""},
		{record.ErrorResponse{Status: 502, Body: nginxPage}, "nginx's upstream refused", Nginx},
		{record.ErrorResponse{Status: 502, Server: "Apache/2.4.57", Body: "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>502 Proxy Error</title>"}, "Apache's upstream closed", Apache},
		{record.ErrorResponse{Status: 503, Server: "apache", Body: "busy"}, "", Apache},
		{record.ErrorResponse{Status: 500, Fields: []string{"via: 1.1 Caddy"}}, "", Caddy},
		{record.ErrorResponse{Status: 500, Server: "envoy", Body: "no healthy upstream"}, "", Envoy},
	} {
		m := Of(&tt.response)
		switch {
		case m == nil && tt.want != "":
			t.Errorf("%+v: not known; want %q", tt.response, tt.want)
		case m != nil && (tt.want == "" || !strings.Contains(m.Says, tt.want)):
			t.Errorf("%+v: got %q; want %q", tt.response, m.Says, tt.want)
		}
		if got := Product(&tt.response); got != tt.product {
			t.Errorf("%+v: got product %q; want %q", tt.response, got, tt.product)
		}
	}
}

// TestAdvice: only an event can have taken an upstream away.
func TestAdvice(t *testing.T) {
	for i := range meanings {
		m := &meanings[i]
		text := m.Says + "; " + m.Advice(false)
		for _, never := range []string{"went away", "pre-stop", "drain", "left"} {
			if strings.Contains(text, never) {
				t.Errorf("without an event, %d says %q", m.status, text)
			}
		}
		if m.Product == "" && m.Remedy == "" {
			t.Errorf("%d, %q: no advice", m.status, m.Says)
		}
	}
}

// TestSaid: a status is known only if nearly all responses with it are.
func TestSaid(t *testing.T) {
	own := record.ErrorResponse{Status: 503, Body: haproxyPage, Count: 9}
	odd := record.ErrorResponse{Status: 503, Body: "?", Count: 1}
	if got, want := Said([]record.ErrorResponse{own, odd})[503], (errorshape.Said{Reason: errorshape.NoServer | errorshape.NotReached, Known: true}); got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
	odd.Count = 2
	if got := Said([]record.ErrorResponse{own, odd})[503]; got.Known || got.Reason != 0 {
		t.Errorf("got %+v; want it unknown", got)
	}
}

func TestResends(t *testing.T) {
	for _, tt := range []struct {
		product, method string
		want            bool
	}{
		{Nginx, "GET", true},
		{Nginx, "POST", false},
		{Nginx, "PUT", true},
		{Envoy, "GET", false},
		{ALB, "GET", false},
		{Caddy, "GET", true},
		{Caddy, "PUT", false},
		{"", "GET", true},
		{"", "POST", false},
	} {
		if got := Resends(tt.product, tt.method); got != tt.want {
			t.Errorf("%s, %s: got %t", tt.product, tt.method, got)
		}
	}
}
