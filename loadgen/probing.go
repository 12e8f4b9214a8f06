package loadgen

import (
	"strings"

	"nodrop/loadgen/internal/probe"
)

// newProber returns the prober of the run, nil if it has none. Call it when the
// run's sinks are known, and before its engine runs.
func (l *Load) newProber() *probe.Prober {
	if !l.cfg.Probe.Applies(l.cfg.Event) {
		return nil
	}
	p := probe.New(&l.job, probe.Options{EndpointHeader: strings.ToLower(l.cfg.EndpointHeader), Replicas: l.cfg.Replicas, Sinks: l.sinks, Patience: l.probeWait})
	l.recorder.OnLost(p.Lost)
	return p
}
