package loadgen

import "golang.org/x/sys/unix"

// clockLag is how far Go's monotonic clock, which stops while the machine is
// suspended, is behind one that does not, in ns. Only changes of it are
// meaningful.
func clockLag() int64 {
	var stops, goesOn unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &stops) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &goesOn) != nil {
		return 0
	}
	return goesOn.Nano() - stops.Nano()
}
