package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// undoing records the state that an action left behind, until it is undone. The
// zero value is an action that has not run.
type undoing struct {
	acted   bool
	left    []byte // the state after the action
	leftErr error  // why the state could not be read
}

// ask returns the current state; nil if the author gave no way to get it.
type ask func(ctx context.Context) ([]byte, error)

// after records the state after the action, even if that failed or was
// interrupted: it may have changed something.
func (u *undoing) after(ctx context.Context, still ask) {
	u.acted, u.left, u.leftErr = true, nil, nil
	if still != nil {
		u.left, u.leftErr = still(context.WithoutCancel(ctx))
	}
}

// back restores what the action changed, if the state is still as it was left.
func (u *undoing) back(ctx context.Context, what string, still, back ask) error {
	if !u.acted || back == nil {
		return nil
	}
	u.acted = false
	if still != nil {
		if u.leftErr != nil {
			return fmt.Errorf("%s: not undone, because its state after the step is unknown: %w", what, u.leftErr)
		}
		now, err := still(ctx)
		if err != nil {
			return fmt.Errorf("%s: not undone, because its current state is unknown: %w", what, err)
		}
		if !bytes.Equal(now, u.left) {
			return errors.New(what + " has changed since the step: not undone")
		}
	}
	_, err := back(ctx)
	return err
}
