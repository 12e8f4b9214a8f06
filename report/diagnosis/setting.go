package diagnosis

import (
	"strconv"

	"nodrop/loadgen/record"
)

// What the texts of Remedy advise, as data, where it has a name and a value.

const (
	inLab        = "nodrop lab"
	inKubernetes = "Kubernetes"
	preStop      = "lifecycle.preStop.sleep.seconds"
	gracePeriod  = "terminationGracePeriodSeconds"
)

// The most that ASM accepts, in seconds.
const (
	asmMost    = 890 // from 1.26
	oldASMMost = 30
)

// toAcceptLonger is acceptLonger as data. It leaves out what cannot be set to as
// much as is needed.
func toAcceptLonger(need int64) []record.Remedy {
	delay := delayFor(need)
	s := wholeSeconds(delay)
	sec := strconv.FormatInt(s, 10)
	list := []record.Remedy{
		{Object: inLab, Setting: "--stop", Value: "graceful"},
		{Object: inLab, Setting: "--pre-stop", Value: short(delay)},
		{Object: inKubernetes, Setting: preStop, Value: sec},
		{Object: "Envoy", Setting: "--drain-time-s", Value: sec},
		{Object: "Caddy", Setting: "shutdown_delay", Value: sec + "s"},
	}
	if s <= asmMost {
		list = append(list, record.Remedy{Object: "ASM from 1.26", Setting: "asm.alibabacloud.com/gateway-drain-timeout-seconds", Value: asmSeconds(s, asmMost)})
	}
	if s <= oldASMMost {
		const drain = "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain"
		list = append(list,
			record.Remedy{Object: "ASM before 1.26", Setting: drain, Value: "on"},
			record.Remedy{Object: "ASM before 1.26", Setting: drain + "-timeout", Value: asmSeconds(s, oldASMMost)})
	}
	return list
}

// toFinishRequests is finishRequests as data.
func toFinishRequests(need int64, least bool) []record.Remedy {
	grace := delayFor(need)
	sec := strconv.FormatInt(wholeSeconds(grace), 10)
	return []record.Remedy{
		{Object: inLab, Setting: "--stop", Value: "graceful"},
		{Object: inLab, Setting: "--grace", Value: short(grace), AtLeast: least},
		{Object: inKubernetes, Setting: gracePeriod, Value: sec, AtLeast: least, Above: preStop},
		{Object: "Istio, ASM", Setting: "terminationDrainDuration", Value: sec + "s", AtLeast: least},
		{Object: "Envoy", Setting: "--drain-time-s", Value: sec, AtLeast: least},
		{Object: "nginx", Setting: "worker_shutdown_timeout", Value: sec + "s", AtLeast: least},
		{Object: "HAProxy", Setting: "hard-stop-after", Value: sec + "s", AtLeast: least},
		{Object: "Caddy", Setting: "grace_period", Value: sec + "s", AtLeast: least},
	}
}
