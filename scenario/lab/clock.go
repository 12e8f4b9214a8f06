package lab

import "time"

// moment converts a clock reading of another process to a time of this one.
func moment(ns int64) time.Time {
	now := clock()
	return time.Now().Add(time.Duration(ns - now))
}
