//go:build !linux

package looper

import (
	"errors"

	"nodrop/loadgen/internal/engine"
)

// New is not reached: Config.withoutLoop knows.
func New(*engine.Job, engine.Handoff) (engine.Engine, error) { return nil, errors.ErrUnsupported }
