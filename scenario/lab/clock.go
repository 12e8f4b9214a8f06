package lab

import "time"

// moment turns a reading of another process's clock into a time of this one.
func moment(ns int64) time.Time {
	now := clock()
	return time.Now().Add(time.Duration(ns - now))
}
