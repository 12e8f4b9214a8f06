package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/record"
)

// TestSettingsAreInTheTexts: what is advised as data is advised in words, too,
// with the same number.
func TestSettingsAreInTheTexts(t *testing.T) {
	for _, need := range []time.Duration{time.Millisecond, time.Second, 40 * time.Second, 20 * time.Minute} {
		for _, least := range []bool{false, true} {
			texts := slices.Concat(acceptLonger(int64(need)), finishRequests(int64(need), least))
			for _, s := range slices.Concat(toAcceptLonger(int64(need)), toFinishRequests(int64(need), least)) {
				if !slices.ContainsFunc(texts, func(r Remedy) bool {
					return r.Where == s.Object && strings.Contains(r.Setting, s.Setting) && strings.Contains(r.Setting, s.Value)
				}) {
					t.Errorf("%v: no text has %+v", need, s)
				}
			}
		}
	}
}

// TestSettingsThatDoNotSuffice: what cannot be set to as much as is needed is
// not advised.
func TestSettingsThatDoNotSuffice(t *testing.T) {
	for need, want := range map[time.Duration][]string{
		20 * time.Second: {"ASM from 1.26", "ASM before 1.26"},
		40 * time.Second: {"ASM from 1.26"},
		20 * time.Minute: nil,
	} {
		var got []string
		for _, s := range toAcceptLonger(int64(need)) {
			if strings.HasPrefix(s.Object, "ASM") && !slices.Contains(got, s.Object) {
				got = append(got, s.Object)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: got %v; want %v", need, got, want)
		}
	}
}

// TestSettingsForGateway: if the gateway is known, those of others are left out.
func TestSettingsForGateway(t *testing.T) {
	f := Finding{Settings: toFinishRequests(int64(time.Second), false)}
	f.forGateway("caddy 2.6.2")
	for _, gateway := range []string{"Envoy", "nginx", "HAProxy", "Caddy"} {
		has := slices.ContainsFunc(f.Settings, func(r record.Remedy) bool { return r.Object == gateway })
		if has != (gateway == "Caddy") {
			t.Errorf("%s: %+v", gateway, f.Settings)
		}
	}
}
