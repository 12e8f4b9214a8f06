package kube

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

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
