package kube

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What ASM's document says of graceful shutdown on an IstioGateway ("Use graceful
// shutdown to prevent traffic loss"): before 1.26, two annotations of its Service,
// of 10 to 30 seconds; from 1.26, one annotation of its own, of 10 to 890 seconds
// for CLB and NLB, without an upper limit for ClusterIP and NodePort, and a change
// restarts the gateway.
const (
	asmDrainTimeout = "asm.alibabacloud.com/gateway-drain-timeout-seconds"
	asmDrain        = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain"
	asmDrainSeconds = asmDrain + "-timeout"
)

// asmReplicas is the annotation that leaves the number of replicas to others, in the
// data plane (ASM's "Customize a scaling policy for an ASM gateway", from 1.19).
const asmReplicas = "asm.alibabacloud.com/replicas-managed-by-asm"

// The bounds of the drain timeout, in seconds.
const (
	asmLeast    = 10
	asmMostOld  = 30
	asmMostNew  = 890
	asmOldRule  = "ASM before 1.26 takes 10 to 30 seconds"
	asmNewRule  = "ASM from 1.26 takes 10 to 890 seconds for CLB and NLB gateways, 10 or more for ClusterIP and NodePort"
	asmFamilies = "1.25 (any before 1.26) or 1.26 (any from there)"
)

// ASMVersion is what decides how graceful shutdown is told: major and minor.
type ASMVersion struct{ Major, Minor int }

// ParseASMVersion reads 1.26, v1.26.4 and the like.
func ParseASMVersion(s string) (v ASMVersion, err error) {
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	if len(parts) >= 2 {
		v.Major, err = strconv.Atoi(parts[0])
		if err == nil {
			v.Minor, err = strconv.Atoi(parts[1])
		}
	}
	if len(parts) < 2 || err != nil || v.Major < 1 || v.Minor < 0 {
		return ASMVersion{}, fmt.Errorf("%q is no version of ASM: want %s", s, asmFamilies)
	}
	return v, nil
}

// annotates reports that graceful shutdown is an annotation of the gateway.
func (v ASMVersion) annotates() bool { return v.Major > 1 || v.Major == 1 && v.Minor >= 26 }

// gracefulPatch turns it on or off in the version's own way. Annotations are
// strings.
func gracefulPatch(drain time.Duration, v ASMVersion) map[string]any {
	patch := map[string]any{}
	seconds, on := any(strconv.Itoa(int(drain/time.Second))), any("on")
	if drain == 0 {
		seconds, on = nil, nil
	}
	if v.annotates() {
		set(patch, seconds, "metadata", "annotations", asmDrainTimeout)
		return patch
	}
	set(patch, on, "spec", "serviceAnnotations", asmDrain)
	set(patch, seconds, "spec", "serviceAnnotations", asmDrainSeconds)
	return patch
}

// serviceType is that of the gateway's Service; ASM's default is LoadBalancer.
func serviceType(gateway map[string]any) string {
	if s := text(gateway, "spec", "serviceType"); s != "" {
		return s
	}
	return "LoadBalancer"
}

// CheckDrain finds what is wrong with a drain timeout that can be known before the
// gateway is: of a version that is not known, only what is wrong in all.
func CheckDrain(drain time.Duration, v ASMVersion) error {
	if v == (ASMVersion{}) {
		v = ASMVersion{1, 26}
	}
	return checkDrain(drain, v, "")
}

// checkDrain holds a drain timeout to the document's rules; 0 is off.
func checkDrain(drain time.Duration, v ASMVersion, service string) error {
	if drain == 0 {
		return nil
	}
	if drain%time.Second != 0 {
		return fmt.Errorf("a drain timeout of %v: it is whole seconds", drain)
	}
	seconds := int(drain / time.Second)
	if !v.annotates() {
		if seconds < asmLeast || seconds > asmMostOld {
			return fmt.Errorf("a drain timeout of %d s: %s", seconds, asmOldRule)
		}
		return nil
	}
	limited := service == "LoadBalancer"
	if seconds < asmLeast || limited && seconds > asmMostNew {
		what := fmt.Sprintf("a drain timeout of %d s", seconds)
		if service != "" {
			what += " for a gateway of type " + service
		}
		return fmt.Errorf("%s: %s", what, asmNewRule)
	}
	return nil
}

// checkGrace refuses a drain that a pod's own grace period would cut short.
func checkGrace(gateway map[string]any, drain time.Duration) error {
	grace, told := at(gateway, "spec", "terminationGracePeriodSeconds")
	if !told || drain == 0 {
		return nil
	}
	seconds, err := strconv.ParseFloat(fmt.Sprint(grace), 64)
	if err == nil && drain.Seconds() >= seconds {
		return fmt.Errorf("a drain timeout of %v with terminationGracePeriodSeconds %v: the pods would be killed before it is over", drain, grace)
	}
	return err
}

// proxyVersion is the version of a pod's proxy.
func proxyVersion(pod map[string]any) (ASMVersion, error) {
	for _, container := range items(pod, "spec", "containers") {
		image := text(container, "image")
		if _, tag, ok := strings.Cut(image[strings.LastIndex(image, "/")+1:], "proxyv2:"); ok {
			return ParseASMVersion(tag)
		}
	}
	return ASMVersion{}, errors.New("no container has an image proxyv2:VERSION")
}
