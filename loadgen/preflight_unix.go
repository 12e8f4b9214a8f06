//go:build unix

package loadgen

import (
	"math"

	"golang.org/x/sys/unix"
)

// maxFiles is the limit of this process. Go has raised it as far as it may.
func maxFiles() int64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil || limit.Cur > math.MaxInt64 {
		return 0
	}
	return int64(limit.Cur)
}
