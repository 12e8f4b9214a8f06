//go:build unix

package loadgen

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxFiles is this process's limit. Go has already raised it as far as it can.
func maxFiles() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt64 {
		return 0
	}
	return int64(limit.Cur)
}
