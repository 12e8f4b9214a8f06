package remedy

import (
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// outlast has other endpoints serve while some are deleted or evicted, on which
// the settings of a rollout have no effect.
func outlast(removal string) []Advice {
	replicas := record.Remedy{Part: "deployment", Setting: "replicas", Value: "2", AtLeast: true}
	kubernetes := Advice{
		Where: product.Kubernetes, Words: "{}, on different nodes (topologySpreadConstraints), and not all of them deleted at once: a deletion heeds no PodDisruptionBudget, an eviction does",
		Settings: []record.Remedy{replicas},
	}
	if removal == record.RemovesByEviction {
		kubernetes.Words = "{}, on different nodes (topologySpreadConstraints), and a PodDisruptionBudget with {}: an eviction then waits until another pod is ready; maxSurge and maxUnavailable of a rollout have no effect on it"
		kubernetes.Settings = append(kubernetes.Settings, record.Remedy{Part: "poddisruptionbudget", Setting: "minAvailable", Value: "1"})
	}
	return []Advice{
		{Where: Everywhere, Words: "run more than one replica, and do not take all of them away at once, so that another serves while one is replaced; no pre-stop delay and no longer grace period helps while nothing serves beside it"},
		kubernetes,
	}
}

// KeepReady keeps an endpoint ready at every moment of a rollout or, if endpoints
// were taken away in another way (see record.Mark.Removes), of that.
func KeepReady(removal string) []Advice {
	if removal != "" {
		return outlast(removal)
	}
	return []Advice{
		{Where: Everywhere, Words: "keep at least one ready server behind the gateway at every moment: start new ones, and wait until they are ready, before the last old one stops"},
		{Where: product.Kubernetes, Words: "{} with {}; minReadySeconds longer than the gateway takes to notice; a PodDisruptionBudget with minAvailable: 1", Settings: []record.Remedy{
			{Part: "deployment", Setting: "strategy.rollingUpdate.maxUnavailable", Value: "0"},
			{Part: "deployment", Setting: "strategy.rollingUpdate.maxSurge", Value: "1", AtLeast: true},
		}},
		{Where: product.HAProxy, Words: "a backup server, or option redispatch with retries, for the time in which one of several is away"},
	}
}
