package diagnosis

import (
	"nodrop/loadgen/record"
	"nodrop/report/diagnosis/remedy"
)

// What rules advise about shutting down, in words and as data: both are of the
// same advice.

// Names and limits for the advice of single rules.
const (
	inLab        = "nodrop lab"
	inKubernetes = "Kubernetes"
	preStop      = "lifecycle.preStop.sleep.seconds"
	gracePeriod  = "terminationGracePeriodSeconds"
	oldASMMost   = remedy.OldASMMost
)

// acceptLonger returns what keeps a gateway accepting for a time after its
// termination began, in ns.
func acceptLonger(need int64) []Remedy { return inWords(remedy.AcceptLonger(need)) }

// toAcceptLonger is acceptLonger as data. It leaves out what cannot be set to as
// much as is needed.
func toAcceptLonger(need int64) []record.Remedy { return asData(remedy.AcceptLonger(need)) }

// finishRequests returns what lets requests in flight finish. If least is true,
// they may need longer than need.
func finishRequests(need int64, least bool) []Remedy {
	return inWords(remedy.FinishRequests(need, least))
}

// toFinishRequests is finishRequests as data.
func toFinishRequests(need int64, least bool) []record.Remedy {
	return asData(remedy.FinishRequests(need, least))
}
