package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const (
	fieldManager = "controlplane"
	gatewayPort  = int64(8080)

	versionLabel = "nodrop.test/asm-version"
	// programLabel is "envoy" or "nodrop" for a gateway that is that program.
	programLabel = "nodrop.test/gateway"
	// drainTimeout is in force from version 1.26 on, and sits on the IstioGateway.
	drainTimeout = "asm.alibabacloud.com/gateway-drain-timeout-seconds"
	// These are in force before, and sit on the Service.
	connectionDrain        = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain"
	connectionDrainTimeout = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout"

	// A gateway's pods get this long to end after they have drained.
	gatewayGrace = int64(30)
	// settle lets the many changes of one roll be answered together.
	settle = 20 * time.Millisecond
)

// A mesh stands in for the operator of a service mesh: it keeps a Deployment and
// a Service for every IstioGateway, and a file of the routes that each serves.
type mesh struct {
	dynamic dynamic.Interface
	command []string      // of a gateway's container
	routes  string        // directory
	changed chan struct{} // holds one
}

func newMesh(c clients, command []string, routes string) *mesh {
	return &mesh{dynamic: c.dynamic, command: command, routes: routes, changed: make(chan struct{}, 1)}
}

func (m *mesh) run(ctx context.Context) {
	for _, kind := range []schema.GroupVersionResource{
		istioGatewayKind, deploymentKind, podKind, serviceKind, sliceKind, virtualServiceKind, gatewayKind,
	} {
		f := &follower{resource: m.dynamic.Resource(kind), changed: m.touch, gone: m.touch}
		go f.run(ctx)
	}
	for {
		select {
		case <-m.changed:
		case <-ctx.Done():
			return
		}
		sleep(ctx, settle)
		m.reconcile(ctx)
	}
}

func (m *mesh) touch(*unstructured.Unstructured) {
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// reconcile tries again when it fails: an outage of the API, or a change made
// by another at the same moment, will be over then.
func (m *mesh) reconcile(ctx context.Context) {
	err := m.reconcileAll(ctx)
	if err == nil || ctx.Err() != nil {
		return
	}
	fmt.Fprintln(os.Stderr, "controlplane: mesh:", err)
	sleep(ctx, retryDelay)
	m.touch(nil)
}

func (m *mesh) reconcileAll(ctx context.Context) error {
	list, err := m.dynamic.Resource(istioGatewayKind).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	var gateways []*istioGateway
	for i := range list.Items {
		if list.Items[i].GetDeletionTimestamp() == nil {
			gateways = append(gateways, newIstioGateway(&list.Items[i]))
		}
	}
	// A gateway reads its routes as soon as it runs.
	if err := m.writeRoutes(ctx, gateways); err != nil {
		return err
	}
	var failed []error // one whose namespace is going away must not hold up the others
	for _, g := range gateways {
		if err := m.reconcileGateway(ctx, g); err != nil {
			failed = append(failed, fmt.Errorf("%s/%s: %w", g.namespace, g.name, err))
		}
	}
	return errors.Join(failed...)
}

func (m *mesh) reconcileGateway(ctx context.Context, g *istioGateway) error {
	command, err := m.commandOf(g)
	if err != nil {
		return err
	}
	deployment, err := m.apply(ctx, deploymentKind, g.deployment(command, m.routesOf(g)))
	if err != nil {
		return err
	}
	service, err := m.apply(ctx, serviceKind, g.service())
	if err != nil {
		return err
	}
	if err := m.giveAddress(ctx, service); err != nil {
		return err
	}
	if err := m.drainRunning(ctx, g); err != nil {
		return err
	}
	return m.setStatus(ctx, istioGatewayKind, g.object, g.status(deployment))
}

// commandOf is what a gateway's pods run.
func (m *mesh) commandOf(g *istioGateway) ([]string, error) {
	name := g.object.GetLabels()[programLabel]
	command, known := map[string]string{"envoy": "envoy", "nodrop": "builtin"}[name]
	if !known {
		return m.command, nil
	}
	program, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	return []string{self, command, "--program", program, "--listen", "$(POD_IP):8080", "--routes", "$(ROUTES)"}, err
}

func (m *mesh) apply(ctx context.Context, kind schema.GroupVersionResource, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return m.dynamic.Resource(kind).Namespace(object.GetNamespace()).Apply(ctx, object.GetName(), object,
		metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
}

// giveAddress plays the cloud's controller of load balancers. The address is
// the Service's own; ipMode Proxy keeps kube-proxy from taking it a second
// time, which would give two rules for one address.
func (m *mesh) giveAddress(ctx context.Context, service *unstructured.Unstructured) error {
	kind, _, _ := unstructured.NestedString(service.Object, "spec", "type")
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	if kind != "LoadBalancer" || address == "" {
		return nil
	}
	ingress := []any{map[string]any{"ip": address, "ipMode": "Proxy"}}
	return m.setStatus(ctx, serviceKind, service, map[string]any{"loadBalancer": map[string]any{"ingress": ingress}})
}

func (m *mesh) setStatus(ctx context.Context, kind schema.GroupVersionResource, object *unstructured.Unstructured, status map[string]any) error {
	return m.patch(ctx, kind, object, map[string]any{"status": status}, "status")
}

func (m *mesh) patch(ctx context.Context, kind schema.GroupVersionResource, object *unstructured.Unstructured, change map[string]any, subresources ...string) error {
	text, err := json.Marshal(change)
	if err != nil {
		return err
	}
	_, err = m.dynamic.Resource(kind).Namespace(object.GetNamespace()).Patch(ctx, object.GetName(),
		types.MergePatchType, text, metav1.PatchOptions{FieldManager: fieldManager}, subresources...)
	return err
}

// drainRunning tells the pods that run already of the load balancer's draining,
// which restarts none.
func (m *mesh) drainRunning(ctx context.Context, g *istioGateway) error {
	pods, err := m.dynamic.Resource(podKind).Namespace(g.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app=" + g.workloadName()})
	if err != nil {
		return err
	}
	want := g.balancerDrain()
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.GetAnnotations()[drainAnnotation] == want || pod.GetDeletionTimestamp() != nil {
			continue
		}
		var value any // null takes the annotation away
		if want != "" {
			value = want
		}
		change := map[string]any{"metadata": map[string]any{"annotations": map[string]any{drainAnnotation: value}}}
		if err := m.patch(ctx, podKind, pod, change); err != nil {
			return err
		}
	}
	return nil
}

// An istioGateway is what the mesh reads from the resource of that name.
type istioGateway struct {
	object    *unstructured.Unstructured
	namespace string
	name      string
}

func newIstioGateway(object *unstructured.Unstructured) *istioGateway {
	return &istioGateway{object: object, namespace: object.GetNamespace(), name: object.GetName()}
}

func (g *istioGateway) workloadName() string { return "istio-" + g.name }

func (g *istioGateway) labels() map[string]any {
	return map[string]any{"app": g.workloadName(), "istio": g.name}
}

func (g *istioGateway) replicas() int64 {
	count, found, _ := unstructured.NestedInt64(g.object.Object, "spec", "replicaCount")
	if !found {
		return 1
	}
	return count
}

func (g *istioGateway) serviceAnnotations() map[string]string {
	annotations, _, _ := unstructured.NestedStringMap(g.object.Object, "spec", "serviceAnnotations")
	return annotations
}

// version is that of the mesh that the gateway is of.
func (g *istioGateway) version() string {
	if v := g.object.GetLabels()[versionLabel]; v != "" {
		return v
	}
	return "1.26"
}

func (g *istioGateway) before126() bool {
	major, minor, _ := strings.Cut(g.version(), ".")
	if major != "1" {
		return false
	}
	number, err := strconv.Atoi(minor)
	return err == nil && number < 26
}

// balancerDrain is the seconds that the load balancer drains a pod, or "".
func (g *istioGateway) balancerDrain() string {
	annotations := g.serviceAnnotations()
	if !g.before126() || annotations[connectionDrain] != "on" {
		return ""
	}
	return annotations[connectionDrainTimeout]
}

// podDrain is the seconds that a pod itself waits before it ends, or 0.
func (g *istioGateway) podDrain() int64 {
	if g.before126() {
		return 0
	}
	seconds, err := strconv.ParseInt(g.object.GetAnnotations()[drainTimeout], 10, 64)
	if err != nil {
		return 0
	}
	return seconds
}

func (g *istioGateway) status(deployment *unstructured.Unstructured) map[string]any {
	ready, _, _ := unstructured.NestedInt64(deployment.Object, "status", "readyReplicas")
	state := "Pending"
	if g.complete(deployment) {
		state = "Running"
	}
	return map[string]any{"state": state, "replicas": ready, "observedGeneration": g.object.GetGeneration()}
}

func (g *istioGateway) complete(deployment *unstructured.Unstructured) bool {
	observed, _, _ := unstructured.NestedInt64(deployment.Object, "status", "observedGeneration")
	if observed < deployment.GetGeneration() {
		return false
	}
	for _, count := range []string{"replicas", "updatedReplicas", "availableReplicas"} {
		n, _, _ := unstructured.NestedInt64(deployment.Object, "status", count)
		if n != g.replicas() {
			return false
		}
	}
	return true
}
