package kube

import (
	"context"
	"fmt"
	"slices"
	"time"

	"nodrop/scenario/kube/api"
)

// awaitRollout waits until a rollout is complete, by the rules of kubectl
// rollout status.
func awaitRollout(ctx context.Context, o *api.Object, limit time.Duration) error {
	return o.Await(ctx, "rollout not complete", limit, func(now map[string]any) (bool, string) { return rolledOut(o.Resource.Kind, now) })
}

// rollsOut reports a kind that rolledOut supports.
func rollsOut(o *api.Object) bool {
	return o.Resource.GVR.Group == "apps" && slices.Contains([]string{"Deployment", "StatefulSet", "DaemonSet"}, o.Resource.Kind)
}

// rolledOut follows kubectl's polymorphichelpers/rollout_status.go and says
// what is missing.
func rolledOut(kind string, o map[string]any) (bool, string) {
	if api.Number(o, "metadata", "generation") > api.Number(o, "status", "observedGeneration") && kind != "IstioGateway" {
		return false, "its controller has not seen the change"
	}
	want, wanted := api.At(o, "spec", "replicas")
	replicas, _ := want.(int64)
	if !wanted {
		replicas = 1
	}
	updated, total := api.Number(o, "status", "updatedReplicas"), api.Number(o, "status", "replicas")
	switch kind {
	case "Deployment":
		if reason := deadlineOf(o); reason != "" {
			return false, reason
		}
		available := api.Number(o, "status", "availableReplicas")
		switch {
		case updated < replicas:
			return false, fmt.Sprintf("%d of %d replicas are updated", updated, replicas)
		case total > updated:
			return false, fmt.Sprintf("%d old replicas remain", total-updated)
		case available < updated:
			return false, fmt.Sprintf("%d of %d replicas are available", available, updated)
		}
	case "StatefulSet":
		partition := api.Number(o, "spec", "updateStrategy", "rollingUpdate", "partition")
		switch ready := api.Number(o, "status", "readyReplicas"); {
		case ready < replicas:
			return false, fmt.Sprintf("%d of %d replicas are ready", ready, replicas)
		case api.Text(o, "spec", "updateStrategy", "type") == "OnDelete": // pods are updated when somebody deletes them
		case partition > 0 && updated < replicas-partition:
			return false, fmt.Sprintf("%d of %d replicas beyond the partition are updated", updated, replicas-partition)
		case partition > 0:
		case api.Text(o, "status", "updateRevision") != api.Text(o, "status", "currentRevision") && updated < replicas:
			return false, fmt.Sprintf("%d of %d replicas are updated", updated, replicas)
		}
	case "DaemonSet":
		desired := api.Number(o, "status", "desiredNumberScheduled")
		switch updated, available := api.Number(o, "status", "updatedNumberScheduled"), api.Number(o, "status", "numberAvailable"); {
		case updated < desired:
			return false, fmt.Sprintf("%d of %d pods are updated", updated, desired)
		case available < desired:
			return false, fmt.Sprintf("%d of %d pods are available", available, desired)
		}
	default:
		return false, kind + " has no rollout"
	}
	return true, ""
}

// deadlineOf reports that a Deployment has exceeded its progress deadline.
func deadlineOf(o map[string]any) string {
	if api.Text(api.ConditionOf(o, "Progressing"), "reason") == "ProgressDeadlineExceeded" {
		return "it has exceeded its progress deadline"
	}
	return ""
}
