package asm

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"nodrop/scenario/kube/api"
)

// Check checks an IstioGateway's graceful shutdown settings against the
// documented rules.
func Check(gateway map[string]any, v Version) error {
	annotations, _ := api.At(gateway, "spec", "serviceAnnotations")
	fields, _ := annotations.(map[string]any)
	on, hasOn := fields[Drain]
	seconds, hasSeconds := fields[DrainSeconds]
	switch {
	case hasOn != hasSeconds:
		return fmt.Errorf("spec.serviceAnnotations: set both %s and %s, or neither", Drain, DrainSeconds)
	case hasOn:
		if _, isText := on.(string); !isText {
			return fmt.Errorf("spec.serviceAnnotations.%s: %v is not a string: quote it ('on' without quotes is true)", Drain, on)
		}
		if err := checkSeconds(seconds, "spec.serviceAnnotations."+DrainSeconds, v, ServiceType(gateway)); err != nil {
			return err
		}
	}
	own, _ := api.At(gateway, "metadata", "annotations")
	fields, _ = own.(map[string]any)
	value, has := fields[DrainTimeout]
	switch {
	case has && !v.Annotates():
		return fmt.Errorf("metadata.annotations.%s: only for ASM 1.26 and later; before 1.26, use %s", DrainTimeout, Drain)
	case hasOn && v.Annotates():
		return fmt.Errorf("spec.serviceAnnotations.%s: only for ASM before 1.26; from 1.26 on, use %s", Drain, DrainTimeout)
	case has:
		return checkSeconds(value, "metadata.annotations."+DrainTimeout, v, ServiceType(gateway))
	}
	return nil
}

func checkSeconds(value any, name string, v Version, service string) error {
	written, isText := value.(string)
	if !isText {
		return fmt.Errorf("%s: %v is not a string: quote it", name, value)
	}
	seconds, err := strconv.Atoi(written)
	if err != nil || seconds < 1 {
		return fmt.Errorf("%s: %q is not a number of seconds", name, written)
	}
	if err := CheckDrainOf(time.Duration(seconds)*time.Second, v, service); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Terms are the settings of a run's actions that affect IstioGateways in manifests.
type Terms struct {
	Version Version  // the zero value if none is named
	Scaled  []string // names of the scaled objects
}

// CheckManifests checks the IstioGateways among manifests against the named
// version or, without one, the version whose annotations the manifest uses.
func CheckManifests(list []map[string]any, terms *Terms) error {
	for _, manifest := range list {
		if api.Text(manifest, "kind") != "IstioGateway" {
			continue
		}
		v := terms.Version
		if _, young := api.At(manifest, "metadata", "annotations", DrainTimeout); v == (Version{}) {
			v = Version{1, 25}
			if young {
				v.Minor = 26
			}
		}
		name := "IstioGateway " + api.Text(manifest, "metadata", "name")
		if err := Check(manifest, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		scales := slices.Contains(terms.Scaled, api.Text(manifest, "metadata", "name"))
		if err := CheckScales(name, manifest); scales && err != nil {
			return err
		}
	}
	return nil
}

// CheckScales refuses an IstioGateway whose replicas replicaCount does not set:
// it has an autoscaler (fields of ASM's "ASM gateway CRD reference"), or its
// replicas are managed elsewhere.
func CheckScales(name string, gateway map[string]any) error {
	if auto, _ := api.At(gateway, "spec", "autoscaleEnabled"); auto == true {
		return fmt.Errorf("%s: spec.autoscaleEnabled: its autoscaler (%d to %d replicas) would revert the change", name, api.Number(gateway, "spec", "minReplicas"), api.Number(gateway, "spec", "maxReplicas"))
	}
	if managed, _ := api.At(gateway, "metadata", "annotations", Replicas); managed == "false" {
		return fmt.Errorf("%s: %s is false, so replicaCount has no effect: scale Deployment istio-%s in the data plane", name, Replicas, api.Text(gateway, "metadata", "name"))
	}
	return nil
}
