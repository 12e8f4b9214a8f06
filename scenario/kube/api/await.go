package api

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario"
)

// rolloutTime bounds a rollout where nothing else does.
const rolloutTime = 10 * time.Minute

// Poll is how often an object is looked at that is waited for.
const Poll = 100 * time.Millisecond

// Await looks at an object until it holds, which says why it does not yet. What
// is not there may be made.
func (o *Object) Await(ctx context.Context, what string, limit time.Duration, holds func(map[string]any) (bool, string)) error {
	return Until(ctx, fmt.Sprintf("%s: %s not", o, what), limit, func(ctx context.Context) (bool, string, error) {
		now, err := o.Get(ctx)
		switch {
		case apierrors.IsNotFound(err):
			return false, err.Error(), nil
		case err != nil:
			return false, "", err
		}
		is, why := holds(now)
		return is, why, nil
	})
}

// Until looks until it is so, an API server that is away being no response. The
// error begins with what, and ends with why it was not so when it was last seen.
func Until(ctx context.Context, what string, limit time.Duration, look func(context.Context) (is bool, why string, err error)) error {
	if limit == 0 {
		limit = rolloutTime
	}
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	last := ""
	for {
		is, why, err := look(within)
		switch {
		case err == nil && is:
			return nil
		case err == nil:
			last = why
		case within.Err() == nil && !Away(err):
			return err
		case within.Err() == nil:
			last = err.Error()
		}
		if scenario.Sleep(within, Poll) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s after %v: %s", what, limit, last)
	}
}

// Present reads what is there, nil where nothing is. What is being deleted, by an
// undo as it may be, is waited for.
func (o *Object) Present(ctx context.Context) (found map[string]any, err error) {
	for {
		found, err = o.Get(ctx)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if _, leaving := At(found, "metadata", "deletionTimestamp"); err != nil || !leaving {
			return found, err
		}
		if err := o.AwaitGone(ctx, UID(found)); err != nil {
			return nil, err
		}
	}
}

// UID is that of an object.
func UID(o map[string]any) types.UID { return types.UID(Text(o, "metadata", "uid")) }

// goneTime is how long a deletion may take: of a cloud's load balancer, for one.
const goneTime = 3 * time.Minute

// AwaitGone waits until the object of a UID is gone: one that is applied again must
// not be taken for it.
func (o *Object) AwaitGone(ctx context.Context, uid types.UID) error {
	return Until(ctx, o.String()+": deleted, but not gone", goneTime, func(ctx context.Context) (bool, string, error) {
		now, err := o.Get(ctx)
		if apierrors.IsNotFound(err) {
			return true, "", nil
		}
		finalizers, are := At(now, "metadata", "finalizers")
		return UID(now) != uid, "finalizers " + Shown(finalizers, are), err
	})
}
