//go:build !linux

package loadgen

// clockLag is unknown here. If Go's clock runs while the machine is suspended,
// the suspension counts as time in which nodrop did not run.
func clockLag() int64 { return 0 }
