package asm

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"nodrop/scenario/kube/api"
)

// ASM's document "Use graceful shutdown to prevent traffic loss" describes
// graceful shutdown of an IstioGateway. Before 1.26: two annotations of its
// Service, 10 to 30 seconds. From 1.26: one annotation of the IstioGateway, 10
// to 890 seconds for CLB and NLB and no upper limit for ClusterIP and NodePort;
// a change restarts the gateway.
const (
	DrainTimeout = "asm.alibabacloud.com/gateway-drain-timeout-seconds"
	Drain        = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain"
	DrainSeconds = Drain + "-timeout"
)

// Replicas is the annotation that hands the number of replicas to others in the
// data plane (ASM's "Customize a scaling policy for an ASM gateway", from 1.19).
const Replicas = "asm.alibabacloud.com/replicas-managed-by-asm"

// The limits of the drain timeout, in seconds.
const (
	least    = 10
	mostOld  = 30
	mostNew  = 890
	oldRule  = "ASM before 1.26 accepts 10 to 30 seconds"
	newRule  = "ASM 1.26 and later accepts 10 to 890 seconds for CLB and NLB gateways, 10 or more for ClusterIP and NodePort"
	Families = "1.25 (for any version before 1.26) or 1.26 (for any later version)"
)

// Version is ASM's major and minor version, which decides how graceful shutdown
// is configured.
type Version struct{ Major, Minor int }

// ParseVersion reads 1.26, v1.26.4 and the like.
func ParseVersion(s string) (v Version, err error) {
	parts := strings.Split(strings.TrimPrefix(s, "v"), ".")
	if len(parts) >= 2 {
		v.Major, err = strconv.Atoi(parts[0])
		if err == nil {
			v.Minor, err = strconv.Atoi(parts[1])
		}
	}
	if len(parts) < 2 || err != nil || v.Major < 1 || v.Minor < 0 {
		return Version{}, fmt.Errorf("%q is not an ASM version: want %s", s, Families)
	}
	return v, nil
}

// Annotates reports that graceful shutdown is an annotation of the IstioGateway.
func (v Version) Annotates() bool { return v.Major > 1 || v.Major == 1 && v.Minor >= 26 }

// Patch returns the patch that enables or disables graceful shutdown for a
// version. Annotation values are strings.
func Patch(drain time.Duration, v Version) map[string]any {
	patch := map[string]any{}
	seconds, on := any(strconv.Itoa(int(drain/time.Second))), any("on")
	if drain == 0 {
		seconds, on = nil, nil
	}
	if v.Annotates() {
		api.Set(patch, seconds, "metadata", "annotations", DrainTimeout)
		return patch
	}
	api.Set(patch, on, "spec", "serviceAnnotations", Drain)
	api.Set(patch, seconds, "spec", "serviceAnnotations", DrainSeconds)
	return patch
}

// ServiceType returns the type of the gateway's Service; ASM's default is
// LoadBalancer.
func ServiceType(gateway map[string]any) string {
	if s := api.Text(gateway, "spec", "serviceType"); s != "" {
		return s
	}
	return "LoadBalancer"
}

// CheckDrain checks a drain timeout before the gateway is known. For an unknown
// version it reports only what every version refuses.
func CheckDrain(drain time.Duration, v Version) error {
	if v == (Version{}) {
		v = Version{1, 26}
	}
	return CheckDrainOf(drain, v, "")
}

// CheckDrainOf checks a drain timeout against the documented limits for a type
// of Service; "" means an unknown type, and a drain of 0 means off.
func CheckDrainOf(drain time.Duration, v Version, service string) error {
	if drain == 0 {
		return nil
	}
	if drain%time.Second != 0 {
		return fmt.Errorf("a drain timeout of %v: want whole seconds", drain)
	}
	seconds := int(drain / time.Second)
	if !v.Annotates() {
		if seconds < least || seconds > mostOld {
			return fmt.Errorf("a drain timeout of %d s: %s", seconds, oldRule)
		}
		return nil
	}
	limited := service == "LoadBalancer"
	if seconds < least || limited && seconds > mostNew {
		what := fmt.Sprintf("a drain timeout of %d s", seconds)
		if service != "" {
			what += " for a gateway of type " + service
		}
		return fmt.Errorf("%s: %s", what, newRule)
	}
	return nil
}

// CheckGrace refuses a drain timeout that the pods' grace period would cut short.
func CheckGrace(gateway map[string]any, drain time.Duration) error {
	grace, told := api.At(gateway, "spec", "terminationGracePeriodSeconds")
	if !told || drain == 0 {
		return nil
	}
	seconds, err := strconv.ParseFloat(fmt.Sprint(grace), 64)
	if err == nil && drain.Seconds() >= seconds {
		return fmt.Errorf("a drain timeout of %v with terminationGracePeriodSeconds %v: pods would be killed before they have drained", drain, grace)
	}
	return err
}

// ProxyVersion returns the version of a pod's proxy.
func ProxyVersion(pod map[string]any) (Version, error) {
	for _, container := range api.Items(pod, "spec", "containers") {
		image := api.Text(container, "image")
		if _, tag, ok := strings.Cut(image[strings.LastIndex(image, "/")+1:], "proxyv2:"); ok {
			return ParseVersion(tag)
		}
	}
	return Version{}, errors.New("no container has an image proxyv2:VERSION")
}
