package product

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"nodrop/loadgen/record"
)

// TestSeen: each way in which a run shows a product.
func TestSeen(t *testing.T) {
	responses := func(list ...record.ErrorResponse) *record.Run { return &record.Run{Responses: list} }
	marks := func(list ...record.Mark) *record.Run { return &record.Run{Marks: list} }
	for name, tt := range map[string]struct {
		run  *record.Run
		want []string
	}{
		"nothing":                 {&record.Run{}, nil},
		"named":                   {&record.Run{Products: []string{Nginx, Kubernetes}}, []string{Kubernetes, Nginx}},
		"named by nobody we know": {&record.Run{Products: []string{"IIS"}}, nil},
		"the lab":                 {&record.Run{Gateway: "builtin", Products: []string{Lab}}, []string{Lab}},
		"the lab with a gateway":  {&record.Run{Gateway: "haproxy 2.6.12", Products: []string{Lab}}, []string{Lab, HAProxy}},
		"an old lab":              {&record.Run{Gateway: "nginx 1.22.1"}, []string{Lab, Nginx}},
		"a gateway in a cluster":  {&record.Run{Gateway: "envoy", Products: []string{Kubernetes}}, []string{Kubernetes, Envoy}},
		"a server in the lab":     {&record.Run{Gateway: "haproxy", Products: []string{Lab}, Responses: []record.ErrorResponse{{Server: "nginx"}}}, []string{Lab, HAProxy}},
		"Server":                  {responses(record.ErrorResponse{Server: "nginx/1.22.1"}), []string{Nginx}},
		"OpenResty":               {responses(record.ErrorResponse{Server: "openresty"}), []string{Nginx}},
		"Istio's Envoy":           {responses(record.ErrorResponse{Server: "istio-envoy"}), []string{Istio, Envoy}},
		"Via":                     {responses(record.ErrorResponse{Server: "gunicorn", Fields: []string{"via: 1.1 Caddy"}}), []string{Caddy, "gunicorn"}},
		"Envoy's fields":          {responses(record.ErrorResponse{Fields: []string{"x-envoy-overloaded: true"}}), []string{Envoy}},
		"another field":           {responses(record.ErrorResponse{Fields: []string{"retry-after: nginx"}}), nil},
		"HAProxy's page":          {responses(record.ErrorResponse{Body: "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n"}), []string{HAProxy}},
		"nginx's page":            {responses(record.ErrorResponse{Body: "<hr><center>nginx</center>\r\n"}), []string{Nginx}},
		"two of them":             {responses(record.ErrorResponse{Server: "nginx", Body: "no healthy upstream"}), []string{Envoy, Nginx}},
		"Apache":                  {responses(record.ErrorResponse{Server: "Apache"}, record.ErrorResponse{Server: "Apache/2.4.57 (Debian)"}), []string{Apache}},
		"Tomcat":                  {responses(record.ErrorResponse{Server: "Apache-Coyote/1.1"}), []string{"Tomcat"}},
		"gunicorn behind nginx":   {responses(record.ErrorResponse{Server: "gunicorn"}, record.ErrorResponse{Server: "nginx"}), []string{Nginx, "gunicorn"}},
		"a page about one":        {responses(record.ErrorResponse{Body: "we run nginx"}), nil},
		"a control plane":         {marks(record.Mark{Kind: record.MarkEndpointDropped, Name: "endpoint web-1 dropped"}), []string{Kubernetes}},
		"kubectl":                 {marks(record.Mark{Kind: record.MarkStep, Name: "kubectl rollout restart deployment/web"}), []string{Kubernetes}},
		"a signal to HAProxy":     {marks(record.Mark{Kind: record.MarkStep, Name: "kill -USR1 $(cat /run/haproxy.pid)"}), []string{HAProxy}},
		"a replica's name":        {marks(record.Mark{Kind: record.MarkExited, Name: "replica nginx-1 exited"}), nil},
	} {
		if got := Seen(tt.run); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %v; want %v", name, got, tt.want)
		}
	}
}

// TestSeenLeavesTheRun: looking at a run does not change it.
func TestSeenLeavesTheRun(t *testing.T) {
	products := append(make([]string, 0, 8), Kubernetes)
	run := &record.Run{Products: products, Gateway: "nginx"}
	Seen(run)
	if rest := products[:2][1]; rest != "" {
		t.Errorf("%q was added to the run", rest)
	}
}

func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		"nginx": {Nginx}, "NGINX": {Nginx}, "haproxy, kubernetes": {HAProxy, Kubernetes}, "asm,asm": {ASM},
	} {
		if got, err := Parse(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "nginx,", "iis", "nodrop lab"} {
		if got, err := Parse(text); err == nil {
			t.Errorf("%q: got %v; want an error", text, got)
		}
	}
	for _, name := range Names() {
		if _, err := Parse(name); err != nil {
			t.Error(err)
		}
	}
}

// TestTable: texts are compared in lower case.
func TestTable(t *testing.T) {
	for _, p := range table {
		for _, text := range slices.Concat(p.fields, p.pages, p.commands) {
			if text != strings.ToLower(text) || text == "" {
				t.Errorf("%s: %q", p.name, text)
			}
		}
	}
}

// TestNoted: fields are looked at once, whoever notes them; a target that sends
// ever new ones costs no memory.
func TestNoted(t *testing.T) {
	var n Noted
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for _, field := range []string{"nginx/1.22.1", "1.1 caddy", "gunicorn", "nginx"} {
				if got := n.Note([]byte(field)); got != field {
					t.Errorf("got %q; want %q", got, field)
				}
			}
		})
	}
	work.Wait()
	if got := n.List(); !slices.Equal(got, []string{Caddy, "gunicorn", Nginx}) {
		t.Errorf("got %v", got)
	}
	for i := range 2 * mostFields {
		n.Note([]byte(strings.Repeat("x", i+1)))
	}
	n.Note([]byte(strings.Repeat("envoy", longestName)))
	if kept := len(n.known.Load().fields); kept != mostFields {
		t.Errorf("%d fields are kept; want %d", kept, mostFields)
	}
	if got := n.List(); !slices.Equal(got, []string{Caddy, "gunicorn", Nginx}) {
		t.Errorf("got %v", got)
	}
	field := []byte("gunicorn")
	if allocated := testing.AllocsPerRun(100, func() { n.Note(field) }); allocated > 0 {
		t.Errorf("%v allocations for a field that is known", allocated)
	}
}

// TestNotedWithoutLock: responses that alternate between fields, or each have
// another one, do not make workers wait for each other.
func TestNotedWithoutLock(t *testing.T) {
	var n Noted
	if got := n.List(); got != nil {
		t.Errorf("got %v of nothing", got)
	}
	fields := []string{"nginx/1.22", "nginx/1.24"}
	for _, field := range fields {
		n.Note([]byte(field))
	}
	n.mu.Lock() // with it, a Note that needs the lock hangs
	for range 2 {
		for _, field := range fields {
			if got := n.Note([]byte(field)); got != field {
				t.Errorf("got %q; want %q", got, field)
			}
		}
	}
	n.mu.Unlock()
	for i := range mostFields {
		n.Note([]byte(strings.Repeat("x", i+1)))
	}
	n.mu.Lock()
	if got := n.Note([]byte("one more")); got != "" {
		t.Errorf("got %q; want none", got)
	}
	n.mu.Unlock()
}
