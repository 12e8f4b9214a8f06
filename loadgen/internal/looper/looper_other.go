//go:build !linux

package looper

import (
	"errors"

	"nodrop/loadgen/internal/engine"
)

// New is never called: Config.withoutLoop excludes the loop on this system.
func New(*engine.Job, engine.Handoff) (engine.Engine, error) { return nil, errors.ErrUnsupported }
