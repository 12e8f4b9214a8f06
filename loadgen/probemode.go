package loadgen

import "nodrop/loadgen/internal/probe"

// ProbeMode says whether a load has probes.
type ProbeMode = probe.Mode

// The modes. ProbeAuto probes only if something is done to the target during the
// load.
const (
	ProbeAuto = probe.Auto
	ProbeOn   = probe.On
	ProbeOff  = probe.Off
)
