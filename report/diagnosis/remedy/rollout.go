package remedy

import (
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// KeepReady keeps an endpoint ready at every moment of a rollout.
func KeepReady() []Advice {
	return []Advice{
		{Where: Everywhere, Words: "keep at least one ready server behind the gateway at every moment: start new ones, and wait until they are ready, before the last old one stops"},
		{Where: product.Kubernetes, Words: "{} with {}; minReadySeconds longer than the gateway takes to notice; a PodDisruptionBudget with minAvailable: 1", Settings: []record.Remedy{
			{Part: "deployment", Setting: "strategy.rollingUpdate.maxUnavailable", Value: "0"},
			{Part: "deployment", Setting: "strategy.rollingUpdate.maxSurge", Value: "1", AtLeast: true},
		}},
		{Where: product.HAProxy, Words: "a backup server, or option redispatch with retries, for the time in which one of several is away"},
	}
}
