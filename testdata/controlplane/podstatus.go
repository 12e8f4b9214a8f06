package main

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (p *pod) status() corev1.PodStatus {
	var statuses []corev1.ContainerStatus
	for _, c := range p.containers {
		statuses = append(statuses, c.report())
	}
	phase := phaseOf(statuses, p.spec.Spec.RestartPolicy, p.terminating())
	return corev1.PodStatus{
		Phase:             phase,
		HostIP:            p.host,
		HostIPs:           []corev1.HostIP{{IP: p.host}},
		PodIP:             p.address,
		PodIPs:            []corev1.PodIP{{IP: p.address}},
		StartTime:         &p.started,
		ContainerStatuses: statuses,
		Conditions:        p.judge(allReady(statuses)),
	}
}

func (p *pod) terminating() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.deadline.IsZero()
}

func allReady(statuses []corev1.ContainerStatus) bool {
	for _, s := range statuses {
		if !s.Ready {
			return false
		}
	}
	return true
}

func phaseOf(statuses []corev1.ContainerStatus, restart corev1.RestartPolicy, terminating bool) corev1.PodPhase {
	failed := false
	for _, s := range statuses {
		if s.State.Waiting != nil {
			return corev1.PodPending
		}
		if s.State.Terminated == nil {
			return corev1.PodRunning
		}
		if !terminating && restarts(restart, s.State.Terminated.ExitCode) {
			return corev1.PodRunning
		}
		failed = failed || s.State.Terminated.ExitCode != 0
	}
	if failed {
		return corev1.PodFailed
	}
	return corev1.PodSucceeded
}

func restarts(policy corev1.RestartPolicy, code int32) bool {
	return policy == corev1.RestartPolicyAlways || policy == corev1.RestartPolicyOnFailure && code != 0
}

// judge gives the pod's conditions, each with the time since when it holds.
func (p *pod) judge(containersReady bool) []corev1.PodCondition {
	p.mu.Lock()
	defer p.mu.Unlock()
	next := []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue},
		{Type: corev1.ContainersReady, Status: conditionStatus(containersReady)},
		{Type: corev1.PodReady, Status: conditionStatus(containersReady && gatesOpen(p.seen))},
	}
	for i := range next {
		next[i].LastTransitionTime = since(p.conditions, next[i])
	}
	p.conditions = next
	return next
}

func gatesOpen(seen *corev1.Pod) bool {
	for _, gate := range seen.Spec.ReadinessGates {
		if !holds(seen.Status.Conditions, gate.ConditionType) {
			return false
		}
	}
	return true
}

func holds(conditions []corev1.PodCondition, kind corev1.PodConditionType) bool {
	for _, c := range conditions {
		if c.Type == kind {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func since(conditions []corev1.PodCondition, next corev1.PodCondition) metav1.Time {
	for _, c := range conditions {
		if c.Type == next.Type && c.Status == next.Status {
			return c.LastTransitionTime
		}
	}
	return metav1.Now()
}

func conditionStatus(holds bool) corev1.ConditionStatus {
	if holds {
		return corev1.ConditionTrue
	}
	return corev1.ConditionFalse
}
