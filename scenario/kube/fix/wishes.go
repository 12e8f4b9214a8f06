package fix

import (
	"strconv"
	"strings"

	"nodrop/loadgen/record"
)

// wishes are the settings that findings advise, as they name them.
type wishes struct {
	sleep int64 // seconds that a pod goes on accepting; 0 means no advice
	grace int64 // seconds that its processes then need
	// surge: new pods come before old ones go.
	surge bool
	// Drain timeouts of an IstioGateway, in seconds.
	drainOld, drainNew int64
	// accepted are those before the last advice; nil before any.
	accepted *wishes
}

// take takes what remedies advise. It reports whether any of them is among what
// can be wished for. Of the same setting, the larger value also covers what the
// smaller one is for.
func (w *wishes) take(list []record.Remedy) (taken bool) {
	accepted := *w
	accepted.accepted = nil
	w.accepted = &accepted
	for i := range list {
		r := &list[i]
		number, err := strconv.ParseInt(strings.TrimSuffix(r.Value, "s"), 10, 64)
		to := w.place(r)
		switch {
		case to != nil && err == nil:
			*to = max(*to, number)
		case strings.HasSuffix(r.Setting, "rollingUpdate.maxUnavailable") && r.Value == "0":
			w.surge = true
		default:
			continue
		}
		taken = true
	}
	return taken
}

// place returns where the number of a setting is kept; nil if nowhere.
func (w *wishes) place(r *record.Remedy) *int64 {
	switch r.Setting {
	case "lifecycle.preStop.sleep.seconds":
		return &w.sleep
	case "terminationGracePeriodSeconds":
		return &w.grace
	case "asm.alibabacloud.com/gateway-drain-timeout-seconds":
		return &w.drainNew
	case "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout":
		return &w.drainOld
	}
	return nil
}
