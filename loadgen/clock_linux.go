package loadgen

import "golang.org/x/sys/unix"

// clockLag is by how much the clock that Go measures with is behind one that goes
// on while the machine is suspended, in ns. Only its changes mean anything.
func clockLag() int64 {
	var stops, goesOn unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &stops) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &goesOn) != nil {
		return 0
	}
	return goesOn.Nano() - stops.Nano()
}
