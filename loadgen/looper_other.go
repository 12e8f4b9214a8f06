//go:build !linux

package loadgen

import "errors"

// newLooper is not reached: Config.withoutLoop knows.
func newLooper(*Job, Handoff) (engine, error) { return nil, errors.ErrUnsupported }
