package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Routes is what a gateway serves: the one backend of the first VirtualService
// whose Gateway exists and selects it.
type Routes struct {
	Enabled bool   `json:"enabled"`
	Backend string `json:"backend"`
}

// writeRoutes writes the routes of each gateway to its file.
func (m *mesh) writeRoutes(ctx context.Context, ingress []*istioGateway) error {
	services, err := m.dynamic.Resource(virtualServiceKind).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	gateways, err := m.dynamic.Resource(gatewayKind).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	for _, g := range ingress {
		routes, err := m.findRoutes(ctx, services.Items, gateways.Items, g)
		if err != nil {
			return err
		}
		if err := writeWhole(m.routesOf(g), routes); err != nil {
			return err
		}
	}
	return nil
}

func (m *mesh) routesOf(g *istioGateway) string {
	return filepath.Join(m.routes, g.namespace+"_"+g.name+".json")
}

// writeWhole renames the file to its place, so that no gateway reads half of it.
func writeWhole(file string, routes Routes) error {
	text, err := json.Marshal(routes)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o644); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func (m *mesh) findRoutes(ctx context.Context, services, gateways []unstructured.Unstructured, ingress *istioGateway) (Routes, error) {
	for i := range services {
		service := &services[i]
		if !anyServes(gateways, service, ingress) {
			continue
		}
		backend, err := m.backend(ctx, service)
		if err != nil || backend != "" {
			return Routes{Enabled: backend != "", Backend: backend}, err
		}
	}
	return Routes{}, nil
}

func anyServes(gateways []unstructured.Unstructured, service *unstructured.Unstructured, ingress *istioGateway) bool {
	names, _, _ := unstructured.NestedStringSlice(service.Object, "spec", "gateways")
	for i := range gateways {
		gateway := &gateways[i]
		if refersTo(names, service.GetNamespace(), gateway) && selects(gateway, ingress) && shareHost(service, gateway) {
			return true
		}
	}
	return false
}

func refersTo(names []string, namespace string, gateway *unstructured.Unstructured) bool {
	for _, name := range names {
		if !strings.Contains(name, "/") {
			name = namespace + "/" + name
		}
		if name == gateway.GetNamespace()+"/"+gateway.GetName() {
			return true
		}
	}
	return false
}

func selects(gateway *unstructured.Unstructured, ingress *istioGateway) bool {
	selector, _, _ := unstructured.NestedStringMap(gateway.Object, "spec", "selector")
	return within(selector, ingress.labels())
}

func within(selector map[string]string, labels map[string]any) bool {
	for name, value := range selector {
		if labels[name] != value {
			return false
		}
	}
	return true
}

func shareHost(service, gateway *unstructured.Unstructured) bool {
	hosts, _, _ := unstructured.NestedStringSlice(service.Object, "spec", "hosts")
	servers, _, _ := unstructured.NestedSlice(gateway.Object, "spec", "servers")
	for _, s := range servers {
		server, ok := s.(map[string]any)
		if !ok {
			continue
		}
		served, _, _ := unstructured.NestedStringSlice(server, "hosts")
		if overlap(hosts, served) {
			return true
		}
	}
	return false
}

func overlap(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if x == y || x == "*" || y == "*" {
				return true
			}
		}
	}
	return false
}

// backend is a ready endpoint of the first destination, or "" without one.
func (m *mesh) backend(ctx context.Context, virtual *unstructured.Unstructured) (string, error) {
	host, number := destination(virtual)
	if host == "" {
		return "", nil
	}
	name, namespace := serviceOf(host, virtual.GetNamespace())
	list, err := m.dynamic.Resource(serviceKind).Namespace(namespace).List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + name})
	if err != nil || len(list.Items) == 0 {
		return "", err
	}
	portName, found := portName(&list.Items[0], number)
	if !found {
		return "", nil
	}
	return m.readyEndpoint(ctx, namespace, name, portName)
}

func destination(virtual *unstructured.Unstructured) (host string, port int64) {
	for _, rule := range mapsAt(virtual.Object, "spec", "http") {
		for _, route := range mapsAt(rule, "route") {
			host, _, _ := unstructured.NestedString(route, "destination", "host")
			port, _, _ := unstructured.NestedInt64(route, "destination", "port", "number")
			return host, port
		}
	}
	return "", 0
}

func mapsAt(object map[string]any, path ...string) []map[string]any {
	items, _, _ := unstructured.NestedSlice(object, path...)
	var out []map[string]any
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// serviceOf reads NAME or NAME.NAMESPACE.svc.cluster.local.
func serviceOf(host, namespace string) (string, string) {
	parts := strings.Split(host, ".")
	if len(parts) == 1 {
		return host, namespace
	}
	return parts[0], parts[1]
}

// portName finds a Service's port by number; 0 stands for its only one.
func portName(service *unstructured.Unstructured, number int64) (string, bool) {
	ports := mapsAt(service.Object, "spec", "ports")
	for _, port := range ports {
		if port["port"] == number || number == 0 && len(ports) == 1 {
			name, _ := port["name"].(string)
			return name, true
		}
	}
	return "", false
}

func (m *mesh) readyEndpoint(ctx context.Context, namespace, service, port string) (string, error) {
	list, err := m.dynamic.Resource(sliceKind).Namespace(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: discoveryv1.LabelServiceName + "=" + service,
	})
	if err != nil {
		return "", err
	}
	for _, item := range list.Items {
		var slice discoveryv1.EndpointSlice
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &slice); err != nil {
			return "", err
		}
		if endpoint := readyIn(&slice, port); endpoint != "" {
			return endpoint, nil
		}
	}
	return "", nil
}

func readyIn(slice *discoveryv1.EndpointSlice, name string) string {
	for _, port := range slice.Ports {
		if port.Port == nil || *port.Name != name {
			continue
		}
		for _, endpoint := range slice.Endpoints {
			if *endpoint.Conditions.Ready {
				return net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port)))
			}
		}
	}
	return ""
}
