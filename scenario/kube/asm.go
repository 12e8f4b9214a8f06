package kube

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/scenario"
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

// Graceful turns graceful shutdown of an IstioGateway on or off. From ASM 1.26
// that restarts the gateway, which is waited for: it belongs between runs, never
// inside one.
type Graceful struct {
	Access  *Access // of the control plane, which has the IstioGateway
	Gateway string
	Drain   time.Duration // 0 is off
	Version ASMVersion    // the zero value: that of its proxy
	Pods    Pods          // of the gateway, in the data plane; to be waited for
	Timeout time.Duration // of the restart; 0 is ten minutes

	change *change
	pods   podSet
}

func (g *Graceful) ref() Ref { return Ref{Kind: "istiogateways.istio.alibabacloud.com", Name: g.Gateway} }

// Run changes what is not so already, and waits until the gateway is ready.
func (g *Graceful) Run(ctx context.Context, _ *scenario.Env) error {
	g.change = nil
	o, err := g.Access.object(ctx, g.ref())
	if err != nil {
		return err
	}
	now, err := o.get(ctx)
	if err != nil {
		return err
	}
	if g.pods, err = g.gatewayPods(); err != nil {
		return err
	}
	version := g.Version
	if version == (ASMVersion{}) {
		if version, err = g.findVersion(ctx); err != nil {
			return fmt.Errorf("%s: %w", o, err)
		}
	}
	if err := checkDrain(g.Drain, version, serviceType(now)); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	if err := checkGrace(now, g.Drain); err != nil {
		return fmt.Errorf("%s: %w", o, err)
	}
	g.change = &change{object: o, patch: merging(gracefulPatch(g.Drain, version))}
	if err := g.change.do(ctx); err != nil {
		return err
	}
	return g.settle(ctx, o, g.change.leaves)
}

// gatewayPods are those with the label that ASM gives them, unless they are named.
func (g *Graceful) gatewayPods() (podSet, error) {
	c, err := g.Pods.or(g.Access).Open()
	if err != nil {
		return podSet{}, err
	}
	selector := g.Pods.Selector
	if selector == "" {
		selector = "istio=" + g.Gateway
	}
	return podSet{cluster: c, selector: selector}, nil
}

// settle waits for the restart that a change has brought, with as many pods as the
// gateway is to have then.
func (g *Graceful) settle(ctx context.Context, o *object, leaves []leaf) error {
	for _, l := range leaves {
		if l.was == l.is && same(l.before, l.after) {
			continue
		}
		// The restart begins when the control plane has seen the change.
		if err := pauseFor(ctx, asmReaction); err != nil {
			return err
		}
		break
	}
	return g.pods.awaitSettled(ctx, func(ctx context.Context) (int, error) {
		now, err := o.get(ctx)
		return max(1, int(number(now, "spec", "replicaCount"))), err
	}, g.Timeout)
}

// asmReaction is how long a change takes at most to begin a restart: until then,
// pods that are all ready prove nothing.
const asmReaction = 3 * time.Second

// Undo puts back what was.
func (g *Graceful) Undo(ctx context.Context) error {
	if g.change == nil {
		return nil
	}
	leaves := g.change.leaves
	if err := g.change.undo(ctx); err != nil {
		return err
	}
	return g.settle(ctx, g.change.object, leaves)
}

func (g *Graceful) plan() []planned {
	what := "graceful shutdown off, and back"
	if g.Drain > 0 {
		what = fmt.Sprintf("graceful shutdown with a drain of %v, and back (from ASM 1.26 each change restarts the gateway)", g.Drain)
	}
	return []planned{
		{access: g.Access, object: g.ref(), what: what, needs: []need{{"get", ""}, {"patch", ""}}},
		{access: g.Pods.or(g.Access), object: Ref{Kind: "pods"}, needs: []need{{"list", ""}}},
	}
}

// tellASM tells the version that is named.
func (g *Graceful) tellASM(terms *asmTerms) { terms.version = g.Version }

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

// checkASMScales refuses an IstioGateway whose replicas are not replicaCount's to
// set: they have an autoscaler (the fields of ASM's "ASM gateway CRD reference"), or
// are left to others.
func checkASMScales(name string, gateway map[string]any) error {
	if auto, _ := at(gateway, "spec", "autoscaleEnabled"); auto == true {
		return fmt.Errorf("%s: spec.autoscaleEnabled: its autoscaler (%d to %d) would take the number of replicas back", name, number(gateway, "spec", "minReplicas"), number(gateway, "spec", "maxReplicas"))
	}
	if managed, _ := at(gateway, "metadata", "annotations", asmReplicas); managed == "false" {
		return fmt.Errorf("%s: %s is false: replicaCount is not heeded: scale its Deployment in the data plane, istio-%s", name, asmReplicas, text(gateway, "metadata", "name"))
	}
	return nil
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

// CheckASM finds what is wrong with what an IstioGateway says of graceful
// shutdown, by the document's rules.
func CheckASM(gateway map[string]any, v ASMVersion) error {
	annotations, _ := at(gateway, "spec", "serviceAnnotations")
	fields, _ := annotations.(map[string]any)
	on, hasOn := fields[asmDrain]
	seconds, hasSeconds := fields[asmDrainSeconds]
	switch {
	case hasOn != hasSeconds:
		return fmt.Errorf("spec.serviceAnnotations: %s and %s belong together, and one is missing", asmDrain, asmDrainSeconds)
	case hasOn:
		if _, isText := on.(string); !isText {
			return fmt.Errorf("spec.serviceAnnotations.%s: %v is no text: quote it ('on' unquoted is true)", asmDrain, on)
		}
		if err := checkSeconds(seconds, "spec.serviceAnnotations."+asmDrainSeconds, v, serviceType(gateway)); err != nil {
			return err
		}
	}
	own, _ := at(gateway, "metadata", "annotations")
	fields, _ = own.(map[string]any)
	value, has := fields[asmDrainTimeout]
	switch {
	case has && !v.annotates():
		return fmt.Errorf("metadata.annotations.%s: it is of ASM from 1.26; before, it is %s", asmDrainTimeout, asmDrain)
	case hasOn && v.annotates():
		return fmt.Errorf("spec.serviceAnnotations.%s: it is of ASM before 1.26; from there on it is %s", asmDrain, asmDrainTimeout)
	case has:
		return checkSeconds(value, "metadata.annotations."+asmDrainTimeout, v, serviceType(gateway))
	}
	return nil
}

func checkSeconds(value any, name string, v ASMVersion, service string) error {
	written, isText := value.(string)
	if !isText {
		return fmt.Errorf("%s: %v is no text: quote it", name, value)
	}
	seconds, err := strconv.Atoi(written)
	if err != nil || seconds < 1 {
		return fmt.Errorf("%s: %q is no number of seconds", name, written)
	}
	if err := checkDrain(time.Duration(seconds)*time.Second, v, service); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// asmTerms are what the actions of a run say of the IstioGateways among manifests.
type asmTerms struct {
	version ASMVersion // the zero value where none is named
	scaled  []string   // names of what is scaled
}

// checkManifests holds the IstioGateways among manifests to the rules of the
// version that is named or, where none is, that the manifest's way is of.
func checkManifests(list []map[string]any, terms *asmTerms) error {
	for _, manifest := range list {
		if text(manifest, "kind") != "IstioGateway" {
			continue
		}
		v := terms.version
		if _, young := at(manifest, "metadata", "annotations", asmDrainTimeout); v == (ASMVersion{}) {
			v = ASMVersion{1, 25}
			if young {
				v.Minor = 26
			}
		}
		name := "IstioGateway " + text(manifest, "metadata", "name")
		if err := CheckASM(manifest, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		scales := slices.Contains(terms.scaled, text(manifest, "metadata", "name"))
		if err := checkASMScales(name, manifest); scales && err != nil {
			return err
		}
	}
	return nil
}

// findVersion reads the version from the image of the gateway's proxy, whose tag is
// ASM's version and a build: acs/proxyv2:v1.26.4.112-g0a1b2c3-aliyun. It waits for
// the first pod: the gateway may have been made just now.
func (g *Graceful) findVersion(ctx context.Context) (ASMVersion, error) {
	var pods []unstructured.Unstructured
	err := until(ctx, fmt.Sprintf("%s: no pod of %s tells the version of ASM", g.pods.cluster, g.pods.selector), g.Timeout, func(ctx context.Context) (done bool, why string, err error) {
		pods, err = g.pods.staying(ctx)
		return len(pods) > 0, "there is none", err
	})
	if err != nil {
		return ASMVersion{}, err
	}
	var found ASMVersion
	for i := range pods {
		v, err := proxyVersion(pods[i].Object)
		if err == nil && found != (ASMVersion{}) && v != found {
			err = fmt.Errorf("%d.%d and %d.%d side by side", found.Major, found.Minor, v.Major, v.Minor)
		}
		if err != nil {
			return ASMVersion{}, fmt.Errorf("pod %s does not tell the version of ASM (%w): give it: %s", pods[i].GetName(), err, asmFamilies)
		}
		found = v
	}
	return found, nil
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
