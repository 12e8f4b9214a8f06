package asm

import (
	"strings"
	"testing"
	"time"

	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/internal/kubetest"
)

// TestASMRanges checks the documented limits of both version families for every
// type of Service.
func TestASMRanges(t *testing.T) {
	old, young := Version{1, 25}, Version{1, 26}
	for _, tt := range []struct {
		version Version
		service string
		seconds int
		ok      bool
	}{
		{old, "LoadBalancer", 9, false},
		{old, "LoadBalancer", 10, true},
		{old, "LoadBalancer", 30, true},
		{old, "LoadBalancer", 31, false},
		{old, "ClusterIP", 31, false},
		{old, "NodePort", 31, false},
		{young, "LoadBalancer", 9, false},
		{young, "LoadBalancer", 10, true},
		{young, "LoadBalancer", 890, true},
		{young, "LoadBalancer", 891, false},
		{young, "ClusterIP", 9, false},
		{young, "ClusterIP", 891, true},
		{young, "ClusterIP", 100_000, true},
		{young, "NodePort", 9, false},
		{young, "NodePort", 891, true},
		{Version{1, 27}, "LoadBalancer", 890, true},
		{Version{2, 0}, "LoadBalancer", 31, true},
		{Version{1, 9}, "LoadBalancer", 31, false},
		{old, "LoadBalancer", 0, true}, // off
		{young, "LoadBalancer", 0, true},
	} {
		err := CheckDrainOf(time.Duration(tt.seconds)*time.Second, tt.version, tt.service)
		if (err == nil) != tt.ok {
			t.Errorf("%v, %s, %d s: got %v", tt.version, tt.service, tt.seconds, err)
		}
		rule := oldRule
		if tt.version.Annotates() {
			rule = newRule
		}
		if err != nil && !strings.HasSuffix(err.Error(), rule) {
			t.Errorf("%v, %s, %d s: got %v; want the rule quoted", tt.version, tt.service, tt.seconds, err)
		}
	}
	if err := CheckDrainOf(1500*time.Millisecond, young, "ClusterIP"); err == nil {
		t.Error("want an error: not whole seconds")
	}
}

func TestParseASMVersion(t *testing.T) {
	for text, want := range map[string]Version{
		"1.25": {1, 25}, "v1.26.4.112": {1, 26}, "1.26": {1, 26}, "1.9": {1, 9},
		"": {}, "1": {}, "latest": {}, "1.x": {}, "0.26": {},
	} {
		got, err := ParseVersion(text)
		if got != want || (err == nil) != (want != Version{}) {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
	}
}

// TestASMManifests checks which IstioGateways are refused.
func TestASMManifests(t *testing.T) {
	for name, tt := range map[string]struct {
		manifest string
		version  Version
		want     string // "" if valid
	}{
		"old":           {`{spec: {serviceAnnotations: {DRAIN: 'on', DRAIN-timeout: '10'}}}`, Version{1, 25}, ""},
		"one alone":     {`{spec: {serviceAnnotations: {DRAIN: 'on'}}}`, Version{1, 25}, ", or neither"},
		"other alone":   {`{spec: {serviceAnnotations: {DRAIN-timeout: '10'}}}`, Version{1, 25}, ", or neither"},
		"unquoted on":   {`{spec: {serviceAnnotations: {DRAIN: true, DRAIN-timeout: '10'}}}`, Version{1, 25}, "true is not a string: quote it"},
		"unquoted 10":   {`{spec: {serviceAnnotations: {DRAIN: 'on', DRAIN-timeout: 10}}}`, Version{1, 25}, "10 is not a string: quote it"},
		"old too long":  {`{spec: {serviceAnnotations: {DRAIN: 'on', DRAIN-timeout: '31'}}}`, Version{1, 25}, oldRule},
		"old on new":    {`{spec: {serviceAnnotations: {DRAIN: 'on', DRAIN-timeout: '30'}}}`, Version{1, 26}, "only for ASM before 1.26"},
		"new":           {`{metadata: {annotations: {NEW: '890'}}}`, Version{1, 26}, ""},
		"new on old":    {`{metadata: {annotations: {NEW: '30'}}}`, Version{1, 25}, "only for ASM 1.26 and later"},
		"new too long":  {`{metadata: {annotations: {NEW: '891'}}}`, Version{1, 26}, newRule},
		"new, no limit": {`{metadata: {annotations: {NEW: '891'}}, spec: {serviceType: NodePort}}`, Version{1, 26}, ""},
		"new unquoted":  {`{metadata: {annotations: {NEW: 30}}}`, Version{1, 26}, "30 is not a string: quote it"},
		"no number":     {`{metadata: {annotations: {NEW: thirty}}}`, Version{1, 26}, `"thirty" is not a number of seconds`},
	} {
		text := strings.NewReplacer("DRAIN", Drain, "NEW", DrainTimeout).Replace(tt.manifest)
		list, err := api.ReadManifests([]byte("{apiVersion: v1, kind: x, metadata: {name: x}}"))
		if err != nil {
			t.Fatal(err)
		}
		manifest := kubetest.Decode(t, text)
		for key, value := range list[0] {
			if _, ok := manifest[key]; !ok {
				manifest[key] = value
			}
		}
		err = Check(manifest, tt.version)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v; want %s", name, err, tt.want)
		}
	}
}

// TestProxyVersion checks which image names contain a version.
func TestProxyVersion(t *testing.T) {
	for image, want := range map[string]Version{
		"registry.example/acs/proxyv2:v1.14.3.47-ga31201346f-aliyun": {1, 14}, "proxyv2:1.26.0": {1, 26},
		"registry.example:5000/acs/proxyv2": {}, "docker.io/envoyproxy/envoy:v1.26.0": {}, "acs/proxyv2:latest": {}, "": {},
	} {
		got, err := ProxyVersion(kubetest.Decode(t, `{spec: {containers: [{name: other}, {name: istio-proxy, image: "`+image+`"}]}}`))
		if got != want || (err == nil) != (want != Version{}) {
			t.Errorf("%q: got %v, %v; want %v", image, got, err, want)
		}
	}
}

// TestASMGrace checks that a grace period that would cut the drain short is refused.
func TestASMGrace(t *testing.T) {
	gateway := kubetest.Decode(t, "{spec: {terminationGracePeriodSeconds: 30}}")
	for drain, ok := range map[time.Duration]bool{0: true, 29 * time.Second: true, 30 * time.Second: false, time.Minute: false} {
		if err := CheckGrace(gateway, drain); (err == nil) != ok {
			t.Errorf("%v: got %v", drain, err)
		}
	}
}
