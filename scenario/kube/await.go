package kube

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
)

// rolloutTime bounds a rollout where nothing else does.
const rolloutTime = 10 * time.Minute

// poll is how often an object is looked at that is waited for.
const poll = 100 * time.Millisecond

// await looks at an object until it holds, which says why it does not yet. What
// is not there may be made.
func (o *object) await(ctx context.Context, what string, limit time.Duration, holds func(map[string]any) (bool, string)) error {
	return until(ctx, fmt.Sprintf("%s: %s not", o, what), limit, func(ctx context.Context) (bool, string, error) {
		now, err := o.get(ctx)
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

// until looks until it is so, an API server that is away being no answer. The
// error begins with what, and ends with why it was not so when it was last seen.
func until(ctx context.Context, what string, limit time.Duration, look func(context.Context) (is bool, why string, err error)) error {
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
		case within.Err() == nil && !away(err):
			return err
		case within.Err() == nil:
			last = err.Error()
		}
		if pauseFor(within, poll) == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s after %v: %s", what, limit, last)
	}
}

// present reads what is there, nil where nothing is. What is being deleted, by an
// undo as it may be, is waited for.
func (o *object) present(ctx context.Context) (found map[string]any, err error) {
	for {
		found, err = o.get(ctx)
		if apierrors.IsNotFound(err) {
			return nil, nil
		}
		if _, leaving := at(found, "metadata", "deletionTimestamp"); err != nil || !leaving {
			return found, err
		}
		if err := o.awaitGone(ctx, uidOf(found)); err != nil {
			return nil, err
		}
	}
}

func uidOf(o map[string]any) types.UID { return types.UID(text(o, "metadata", "uid")) }

// goneTime is how long a deletion may take: of a cloud's load balancer, for one.
const goneTime = 3 * time.Minute

// awaitGone waits until the object of a UID is gone: one that is applied again must
// not be taken for it.
func (o *object) awaitGone(ctx context.Context, uid types.UID) error {
	return until(ctx, o.String()+": deleted, but not gone", goneTime, func(ctx context.Context) (bool, string, error) {
		now, err := o.get(ctx)
		if apierrors.IsNotFound(err) {
			return true, "", nil
		}
		finalizers, are := at(now, "metadata", "finalizers")
		return uidOf(now) != uid, "finalizers " + shown(finalizers, are), err
	})
}
