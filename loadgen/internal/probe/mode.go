package probe

// Mode says whether a load has probes.
type Mode string

// The modes.
const (
	Auto Mode = "auto" // only if something is done to the target during the load
	On   Mode = "on"
	Off  Mode = "off"
)

// Modes lists the modes.
func Modes() []string { return []string{string(Auto), string(On), string(Off)} }

// Applies reports whether a load has probes. event: something is done to its
// target during the load.
func (m Mode) Applies(event bool) bool { return m == On || m == Auto && event }
