package kube

import (
	"testing"

	"nodrop/scenario/kube/internal/kubetest"
)

// TestRolledOut checks states against the rules of kubectl rollout status.
func TestRolledOut(t *testing.T) {
	for _, tt := range []struct {
		kind, state, why string // why is "" if complete
	}{
		{"Deployment", `{metadata: {generation: 2}, spec: {replicas: 3}, status: {observedGeneration: 1, replicas: 3, updatedReplicas: 3, availableReplicas: 3}}`, "its controller has not seen the change"},
		{"Deployment", `{spec: {replicas: 3}, status: {replicas: 3, updatedReplicas: 2, availableReplicas: 3}}`, "2 of 3 replicas are updated"},
		{"Deployment", `{spec: {replicas: 3}, status: {replicas: 4, updatedReplicas: 3, availableReplicas: 3}}`, "1 old replicas remain"},
		{"Deployment", `{spec: {replicas: 3}, status: {replicas: 3, updatedReplicas: 3, availableReplicas: 2}}`, "2 of 3 replicas are available"},
		{"Deployment", `{spec: {replicas: 3}, status: {conditions: [{type: Progressing, reason: ProgressDeadlineExceeded}]}}`, "it has exceeded its progress deadline"},
		{"Deployment", `{spec: {replicas: 3}, status: {replicas: 3, updatedReplicas: 3, availableReplicas: 3}}`, ""},
		{"Deployment", `{status: {}}`, "0 of 1 replicas are updated"},
		{"StatefulSet", `{spec: {replicas: 2}, status: {readyReplicas: 1}}`, "1 of 2 replicas are ready"},
		{"StatefulSet", `{spec: {replicas: 2}, status: {readyReplicas: 2, updatedReplicas: 1, updateRevision: b, currentRevision: a}}`, "1 of 2 replicas are updated"},
		{"StatefulSet", `{spec: {replicas: 2}, status: {readyReplicas: 2, updatedReplicas: 2, updateRevision: b, currentRevision: b}}`, ""},
		{"StatefulSet", `{spec: {replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}}, status: {readyReplicas: 3, updatedReplicas: 0, updateRevision: b, currentRevision: a}}`, "0 of 1 replicas beyond the partition are updated"},
		{"StatefulSet", `{spec: {replicas: 3, updateStrategy: {rollingUpdate: {partition: 2}}}, status: {readyReplicas: 3, updatedReplicas: 1, updateRevision: b, currentRevision: a}}`, ""},
		{"StatefulSet", `{spec: {replicas: 2, updateStrategy: {type: OnDelete}}, status: {readyReplicas: 2, updatedReplicas: 0, updateRevision: b, currentRevision: a}}`, ""},
		{"DaemonSet", `{status: {desiredNumberScheduled: 2, updatedNumberScheduled: 1, numberAvailable: 2}}`, "1 of 2 pods are updated"},
		{"DaemonSet", `{status: {desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1}}`, "1 of 2 pods are available"},
		{"DaemonSet", `{status: {desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2}}`, ""},
		{"Service", `{}`, "Service has no rollout"},
	} {
		done, why := rolledOut(tt.kind, kubetest.Integers(kubetest.Decode(t, tt.state)).(map[string]any))
		if done != (tt.why == "") || why != tt.why {
			t.Errorf("%s %s: got %v, %q; want %q", tt.kind, tt.state, done, why, tt.why)
		}
	}
}
