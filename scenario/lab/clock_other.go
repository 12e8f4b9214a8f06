//go:build !linux

package lab

import "time"

// clock reads, in ns, a clock that all processes on this machine share.
func clock() int64 { return time.Now().UnixNano() }
