package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// undoing is how what an action changed was left, until it is put back.
// The zero value is an action that has not acted.
type undoing struct {
	acted   bool
	left    []byte // what still told after the action
	leftErr error  // why it could not
}

// ask looks at what is there now; nil where nothing was asked for.
type ask func(ctx context.Context) ([]byte, error)

// after is for the end of the action, however it ended: an action that failed or
// was interrupted may have changed something, too.
func (u *undoing) after(ctx context.Context, still ask) {
	u.acted, u.left, u.leftErr = true, nil, nil
	if still != nil {
		u.left, u.leftErr = still(context.WithoutCancel(ctx))
	}
}

// back puts back what the action changed, if it is still as it was left.
func (u *undoing) back(ctx context.Context, what string, still, back ask) error {
	if !u.acted || back == nil {
		return nil
	}
	u.acted = false
	if still != nil {
		if u.leftErr != nil {
			return fmt.Errorf("%s: whether it is as it was left cannot be told, and it stays as it is: %w", what, u.leftErr)
		}
		now, err := still(ctx)
		if err != nil {
			return fmt.Errorf("%s: it stays as it is: %w", what, err)
		}
		if !bytes.Equal(now, u.left) {
			return errors.New(what + " is not as it was left, and stays as it is")
		}
	}
	_, err := back(ctx)
	return err
}
