package api

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario"
)

// rolloutTime is the default timeout of a wait.
const rolloutTime = 10 * time.Minute

// Poll is the interval at which a wait reads an object.
const Poll = 100 * time.Millisecond

// Await polls the object until holds returns true; until then, holds returns
// the reason. what says that it does not hold. The object need not exist yet.
func (o *Object) Await(ctx context.Context, what string, limit time.Duration, holds func(map[string]any) (bool, string)) error {
	return Until(ctx, fmt.Sprintf("%s: %s", o, what), limit, func(ctx context.Context) (bool, string, error) {
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

// Until polls look until it reports true. While the API server is unreachable,
// it keeps polling. The error begins with what and ends with the last reason seen,
// also one that look returns with the error of a context that is over.
func Until(ctx context.Context, what string, limit time.Duration, look func(context.Context) (is bool, why string, err error)) error {
	return poll(ctx, what, limit, Poll, look)
}

// poll is Until with another interval.
func poll(ctx context.Context, what string, limit, every time.Duration, look func(context.Context) (is bool, why string, err error)) error {
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
		case why != "":
			last = why
		case last == "":
			last = "the API server had not responded by then"
		}
		if scenario.Sleep(within, every) {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s after %v: %s", what, limit, last)
	}
}

// Present returns the object, or nil if it does not exist. If the object is
// being deleted, for example by an undo, Present waits until it is gone.
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

// UID returns the UID of an object.
func UID(o map[string]any) types.UID { return types.UID(Text(o, "metadata", "uid")) }

// goneTime bounds a deletion: a cloud load balancer, for example, takes long.
const goneTime = 3 * time.Minute

// AwaitGone waits until the object with this UID is gone. A new object with the
// same name has another UID and does not count.
func (o *Object) AwaitGone(ctx context.Context, uid types.UID) error {
	return Until(ctx, o.String()+": deleted, but not gone", goneTime, func(ctx context.Context) (bool, string, error) {
		now, err := o.Get(ctx)
		if apierrors.IsNotFound(err) {
			return true, "", nil
		}
		finalizers, are := At(now, "metadata", "finalizers")
		return UID(now) != uid, "its finalizers are " + Shown(finalizers, are), err
	})
}
