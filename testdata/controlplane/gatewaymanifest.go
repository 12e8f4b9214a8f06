package main

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func (g *istioGateway) metadata() map[string]any {
	return map[string]any{
		"name":      g.workloadName(),
		"namespace": g.namespace,
		"labels":    g.labels(),
		"ownerReferences": []any{map[string]any{
			"apiVersion":         g.object.GetAPIVersion(),
			"kind":               g.object.GetKind(),
			"name":               g.name,
			"uid":                string(g.object.GetUID()),
			"controller":         true,
			"blockOwnerDeletion": true,
		}},
	}
}

func (g *istioGateway) deployment(command []string, routes string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   g.metadata(),
		"spec": map[string]any{
			"replicas": g.replicas(),
			"selector": map[string]any{"matchLabels": g.labels()},
			"template": map[string]any{
				"metadata": map[string]any{"labels": g.labels()},
				"spec":     g.podSpec(command, routes),
			},
		},
	}}
}

func (g *istioGateway) podSpec(command []string, routes string) map[string]any {
	container := map[string]any{
		"name":    "istio-proxy",
		"image":   "acs/proxyv2:v" + g.version() + ".4.112-g0a1b2c3-aliyun", // ASM's image tags, from which nodrop reads the version
		"command": toAny(command),
		"env": []any{
			map[string]any{"name": "POD_IP", "valueFrom": map[string]any{"fieldRef": map[string]any{"fieldPath": "status.podIP"}}},
			map[string]any{"name": "ROUTES", "value": routes},
		},
		"ports": []any{map[string]any{"name": "http", "containerPort": gatewayPort, "protocol": "TCP"}},
		"readinessProbe": map[string]any{
			"tcpSocket":     map[string]any{"port": gatewayPort},
			"periodSeconds": int64(1),
		},
	}
	spec := map[string]any{"containers": []any{container}}
	if drain := g.podDrain(); drain > 0 {
		container["lifecycle"] = map[string]any{"preStop": map[string]any{"sleep": map[string]any{"seconds": drain}}}
		spec["terminationGracePeriodSeconds"] = drain + gatewayGrace
	}
	return spec
}

func (g *istioGateway) service() *unstructured.Unstructured {
	metadata := g.metadata()
	annotations := map[string]any{}
	for name, value := range g.serviceAnnotations() {
		annotations[name] = value
	}
	metadata["annotations"] = annotations
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1",
		"kind":       "Service",
		"metadata":   metadata,
		"spec": map[string]any{
			"type":     g.serviceType(),
			"selector": g.labels(),
			"ports": []any{map[string]any{
				"name": "http", "port": int64(80), "targetPort": gatewayPort, "protocol": "TCP",
			}},
		},
	}}
}

func (g *istioGateway) serviceType() string {
	kind, _, _ := unstructured.NestedString(g.object.Object, "spec", "serviceType")
	if kind == "" {
		return "LoadBalancer"
	}
	return kind
}

// toAny converts a list: unstructured objects need []any.
func toAny(list []string) []any {
	var out []any
	for _, word := range list {
		out = append(out, word)
	}
	return out
}
