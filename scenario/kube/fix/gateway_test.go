package fix

import (
	"testing"
	"time"

	"nodrop/scenario/kube/asm"
)

// TestDrainFor: which drain timeout a gateway gets, and why none.
func TestDrainFor(t *testing.T) {
	old, young := asm.Version{Major: 1, Minor: 25}, asm.Version{Major: 1, Minor: 26}
	const load = asm.Drain
	for name, tt := range map[string]struct {
		gateway string
		version asm.Version
		wished  wishes
		seconds int
		why     string
	}{
		"before 1.26":                 {"{}", old, wishes{drainOld: 20, drainNew: 40}, 20, ""},
		"from 1.26 on":                {"{}", young, wishes{drainOld: 20, drainNew: 40}, 40, ""},
		"too long for before 1.26":    {"{}", old, wishes{drainNew: 40}, 0, "no drain timeout that ASM 1.25 accepts is long enough"},
		"too long for a balancer":     {"{}", young, wishes{drainNew: 900}, 0, "a drain timeout of 900 s for a gateway of type LoadBalancer: ASM 1.26 and later accepts 10 to 890 seconds for CLB and NLB gateways, 10 or more for ClusterIP and NodePort"},
		"set already":                 {"{metadata: {annotations: {" + asm.DrainTimeout + ": '40'}}}", young, wishes{drainNew: 40}, 0, "what would help is set already"},
		"set already before 1.26":     {"{spec: {serviceAnnotations: {" + load + ": 'on', " + load + "-timeout: '20'}}}", old, wishes{drainOld: 20}, 0, "what would help is set already"},
		"off, with a timeout":         {"{spec: {serviceAnnotations: {" + load + ": 'off', " + load + "-timeout: '20'}}}", old, wishes{drainOld: 20}, 20, ""},
		"a timeout alone":             {"{spec: {serviceAnnotations: {" + load + "-timeout: '20'}}}", old, wishes{drainOld: 20}, 20, ""},
		"a grace period is enough":    {"{spec: {terminationGracePeriodSeconds: 41}}", young, wishes{drainNew: 40}, 40, ""},
		"a grace period is too short": {"{spec: {terminationGracePeriodSeconds: 30}}", young, wishes{drainNew: 40}, 0, "a drain timeout of 40s with terminationGracePeriodSeconds 30: pods would be killed before they have drained"},
	} {
		drain, why := drainFor(decoded(t, tt.gateway), tt.version, &tt.wished)
		if drain != time.Duration(tt.seconds)*time.Second || why != tt.why {
			t.Errorf("%s: %v, %q; want %d s, %q", name, drain, why, tt.seconds, tt.why)
		}
	}
}
