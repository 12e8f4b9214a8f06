package remedy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// TestWords: the words of advice, which are rendered from its settings.
func TestWords(t *testing.T) {
	const second = int64(time.Second)
	type words map[string]string // by place
	for name, tt := range map[string]struct {
		list []Advice
		want words
	}{
		"accept longer": {AcceptLonger(second), words{
			"any":             "keep accepting connections for 1.2s after termination begins, then close the listener",
			"nodrop lab":      "--stop graceful --pre-stop 1.2s",
			"Kubernetes":      "lifecycle.preStop.sleep.seconds: 2, and a larger terminationGracePeriodSeconds",
			"ASM from 1.26":   `metadata.annotations: asm.alibabacloud.com/gateway-drain-timeout-seconds: "10"`,
			"ASM before 1.26": `spec.serviceAnnotations: service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain: "on" and service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout: "10"`,
			"Envoy":           "POST /drain_listeners?graceful with --drain-time-s 2, then SIGTERM",
			"nginx":           "sleep 2 before SIGQUIT",
			"HAProxy":         "sleep 2 before SIGUSR1",
			"Caddy":           "shutdown_delay 2s",
		}},
		"accept for very long": {AcceptLonger(1000 * second), words{
			"nodrop lab":    "--stop graceful --pre-stop 1200s",
			"ASM from 1.26": `metadata.annotations: asm.alibabacloud.com/gateway-drain-timeout-seconds: "890" (the maximum; 1200 would be needed)`,
		}},
		"finish": {FinishRequests(9*int64(time.Millisecond), false), words{
			"any":        "give requests in flight 35ms to finish after the stop signal",
			"nodrop lab": "--stop graceful --grace 35ms",
			"Kubernetes": "terminationGracePeriodSeconds: the pre-stop delay plus 1",
			"Istio, ASM": "proxy.istio.io/config: terminationDrainDuration: 1s",
			"Envoy":      "--drain-time-s 1 before SIGTERM",
			"nginx":      "SIGQUIT instead of SIGTERM; worker_shutdown_timeout 1s, or unset",
			"HAProxy":    "SIGUSR1 instead of SIGTERM; hard-stop-after 1s, or unset",
			"Caddy":      "grace_period 1s",
		}},
		"finish, how long is not known": {FinishRequests(17*int64(time.Millisecond), true), words{
			"any":        "give requests in flight more than 17ms to finish after the stop signal: how much more they need is not known",
			"nodrop lab": "--stop graceful --grace 45ms or more",
			"Kubernetes": "terminationGracePeriodSeconds: the pre-stop delay plus 1 or more",
			"nginx":      "SIGQUIT instead of SIGTERM; worker_shutdown_timeout 1s or more, or unset",
		}},
		"a setting of another product": {[]Advice{{Where: Everywhere, Words: "a longer load, or {}", Settings: []record.Remedy{{Object: "nodrop", Setting: "--settle", Value: "1s"}}}}, words{
			"any": "a longer load, or --settle 1s",
		}},
		"a setting of the kernel": {[]Advice{{Where: "Linux", Words: "{} helps", Settings: []record.Remedy{{Setting: "net.core.somaxconn", Value: "4096"}}}}, words{
			"Linux": "net.core.somaxconn=4096 helps",
		}},
	} {
		for where, want := range tt.want {
			i := slices.IndexFunc(tt.list, func(a Advice) bool { return a.Where == where })
			if i < 0 {
				t.Errorf("%s: nothing for %s", name, where)
				continue
			}
			if got := tt.list[i].String(); got != want {
				t.Errorf("%s: %s: got %q; want %q", name, where, got, want)
			}
		}
	}
}

// TestDataIsInTheWords: every setting is in the words, by its name and value,
// and names its product; a quantity has its unit.
func TestDataIsInTheWords(t *testing.T) {
	for _, need := range []time.Duration{time.Millisecond, time.Second, 40 * time.Second, 20 * time.Minute} {
		for _, least := range []bool{false, true} {
			for _, a := range slices.Concat(AcceptLonger(int64(need)), FinishRequests(int64(need), least), EndByItself(), AcceptUntilOut()) {
				if n := strings.Count(a.Words, "{}"); n != len(a.Settings) {
					t.Errorf("%q has room for %d of %d settings", a.Words, n, len(a.Settings))
				}
				for _, s := range a.Data() {
					if words := a.String(); !strings.Contains(words, s.Setting) || !strings.Contains(words, s.Value) {
						t.Errorf("%q lacks %+v", words, s)
					}
					if s.Object != a.Where || product.Canonical(s.Product) != s.Product || s.Part == "" {
						t.Errorf("%s: not complete: %+v", a.Where, s)
					}
					if quantity := strings.Trim(s.Value, "0123456789.ms") == ""; quantity != (s.Unit != "") {
						t.Errorf("%s: the unit of %q is %q", a.Where, s.Value, s.Unit)
					}
				}
			}
		}
	}
}

// TestShort: what cannot be set to as much as is needed is no data.
func TestShort(t *testing.T) {
	for need, want := range map[time.Duration][]string{
		20 * time.Second: {"ASM from 1.26", "ASM before 1.26"},
		40 * time.Second: {"ASM from 1.26"},
		20 * time.Minute: nil,
	} {
		var got []string
		for _, a := range AcceptLonger(int64(need)) {
			if strings.HasPrefix(a.Where, "ASM") && len(a.Data()) > 0 {
				got = append(got, a.Where)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %v; want %v", need, got, want)
		}
	}
}

// TestAbove: a time that is too short by a digit nobody sees would be no advice.
func TestAbove(t *testing.T) {
	for need, want := range map[time.Duration]string{
		2732619 * time.Microsecond: "2.8s",
		time.Second:                "1s",
		550 * time.Millisecond:     "550ms",
		10100 * time.Microsecond:   "11ms",
		1234567 * time.Nanosecond:  "1.235ms",
	} {
		if got := Above(int64(need)); got != want {
			t.Errorf("%v: got %s; want %s", need, got, want)
		}
	}
}

func TestConcerns(t *testing.T) {
	for _, tt := range []struct {
		seen  string
		where string
		want  bool
	}{
		{"", "any", true},
		{"", "clients", true},
		{"", "Linux", true},
		{"", "this machine", true},
		{"", "nginx", false},
		{"nginx", "nginx", true},
		{"nginx", "HAProxy", false},
		{"nginx", "gunicorn", false},
		{"gunicorn", "gunicorn", true},
		{"", "Tomcat, Spring Boot", false},
		{"Tomcat", "Tomcat, Spring Boot", true},
		{"ASM", "ASM from 1.26", true},
		{"Kubernetes", "ASM before 1.26", false},
		{"ASM", "Istio, ASM", true},
		{"Istio", "Istio, ASM", true},
		{"Envoy", "Istio, ASM", false},
		{"nginx", "nginx, HAProxy", true},
		{"Caddy", "nginx, HAProxy", false},
	} {
		var seen []string
		if tt.seen != "" {
			seen = []string{tt.seen}
		}
		if got := Concerns(seen, tt.where); got != tt.want {
			t.Errorf("%q seen, advice for %q: got %t", tt.seen, tt.where, got)
		}
	}
}

func TestShape(t *testing.T) {
	for _, same := range [][2]string{
		{"keep accepting for 80ms after", "keep accepting for 1.2s after"},
		{"sleep 1 before SIGQUIT", "sleep 20 before SIGQUIT"},
		{"shutdown_delay 1s", "shutdown_delay 15s"},
		{"grace_period 1s or more", "grace_period 30s or more"},
		{FinishRequests(9*int64(time.Millisecond), false)[0].Words, FinishRequests(17*int64(time.Millisecond), true)[0].Words},
	} {
		if Shape(same[0]) != Shape(same[1]) {
			t.Errorf("%q and %q differ: %q, %q", same[0], same[1], Shape(same[0]), Shape(same[1]))
		}
	}
	if a, b := Shape("sleep 1 before SIGQUIT"), Shape("sleep 1 before SIGUSR1"); a == b {
		t.Errorf("different advice has one shape: %q", a)
	}
}

// TestDelayFor: the delay covers the need with a margin; half of it never does.
func TestDelayFor(t *testing.T) {
	for need := 50 * time.Millisecond; need < 100*time.Second; need += need/7 + 1 {
		got := DelayFor(int64(need))
		if got < need+25*time.Millisecond || got/2 >= need {
			t.Errorf("DelayFor(%v): got %v; want more than the need and its margin, and less than twice it", need, got)
		}
		if s := WholeSeconds(got); time.Duration(s)*time.Second < got || time.Duration(s-1)*time.Second >= got {
			t.Errorf("WholeSeconds(%v): got %d", got, s)
		}
	}
}

func TestASMSeconds(t *testing.T) {
	for s, want := range map[int64]string{1: "10", 10: "10", 25: "25", 30: "30"} {
		if got, note := ASMSeconds(s, 30); got != want || note != "" {
			t.Errorf("ASMSeconds(%d, 30): got %q, %q; want %q", s, got, note, want)
		}
	}
	if got, note := ASMSeconds(31, 30); got != "30" || !strings.Contains(note, "31") {
		t.Errorf("ASMSeconds(31, 30): got %q, %q; want the maximum, and what would be needed", got, note)
	}
}
