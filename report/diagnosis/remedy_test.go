package diagnosis

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestForGateway: if the gateway is known, only its own settings remain.
func TestForGateway(t *testing.T) {
	for gateway, want := range map[string][]string{
		"":             {"any", "nodrop lab", "Kubernetes", "ASM from 1.26", "ASM before 1.26", "Envoy", "nginx", "HAProxy", "Caddy"},
		"builtin":      {"any", "nodrop lab", "Kubernetes", "ASM from 1.26", "ASM before 1.26", "Envoy", "nginx", "HAProxy", "Caddy"},
		"nginx 1.22.1": {"any", "nginx", "nodrop lab", "Kubernetes", "ASM from 1.26", "ASM before 1.26"},
		"envoy 1.40.0": {"any", "Envoy", "nodrop lab", "Kubernetes", "ASM from 1.26", "ASM before 1.26"},
	} {
		f := Finding{Remedies: acceptLonger(int64(time.Second))}
		f.forGateway(gateway)
		var got []string
		for _, r := range f.Remedies {
			got = append(got, r.Where)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", gateway, diff)
		}
		if told := f.RemediesIn(1); gateway == "nginx 1.22.1" && (len(told) != 2 || told[1].Setting != "sleep 2 before SIGQUIT") {
			t.Errorf("%s: a later finding shows %v", gateway, told)
		}
	}
}
