package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// change is a patch that can be taken back.
type change struct {
	object *object
	sub    []string // the subresource
	patch  Patching

	leaves []leaf
}

// leaf is one value of a patch: what it was, and what it became.
type leaf struct {
	path          []string
	before, after any
	was, is       bool // whether there was, and is, any
	untold        bool // what it became is not known: the answer was lost
}

// name is the path as people write it.
func (l *leaf) name() string { return strings.Join(l.path, ".") }

// do applies the patch. What it changed is known from its answer: an admission
// controller may have made something else of it.
func (c *change) do(ctx context.Context) error {
	before, err := c.object.get(ctx, c.sub...)
	if err != nil {
		return err
	}
	c.leaves = nil
	for _, path := range c.patch.paths(before) {
		l := leaf{path: path}
		l.before, l.was = at(before, path...)
		l.after, l.is = c.patch.told(path)
		l.untold = !l.is
		l.is = l.is && l.after != nil
		c.leaves = append(c.leaves, l)
	}
	if err := ctx.Err(); err != nil {
		c.leaves = nil
		return err
	}
	// From here on the patch may be in force, also when its answer is lost. An
	// interruption waits for the answer: it tells what there is to put back.
	after, err := c.object.patch(context.WithoutCancel(ctx), c.patch, c.sub...)
	if err != nil {
		if refused(err) {
			c.leaves = nil
		}
		return err
	}
	for i := range c.leaves {
		l := &c.leaves[i]
		l.after, l.is = at(after, l.path...)
		l.untold = false
	}
	return nil
}

// undo puts back what is still as we left it, and tells of the rest. It waits for
// an API server that is away until ctx ends.
func (c *change) undo(ctx context.Context) error {
	leaves := slices.DeleteFunc(slices.Clone(c.leaves), func(l leaf) bool { return !l.untold && l.was == l.is && same(l.before, l.after) })
	if len(leaves) == 0 {
		return nil
	}
	var told error
	err := persist(ctx, func() error {
		now, err := c.object.get(ctx, c.sub...)
		if err != nil {
			return err
		}
		back, kept := reverse(leaves, now)
		told = kept
		if len(back) > 0 {
			_, err = c.object.patch(ctx, merging(back), c.sub...)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("not put back, which is left to do by hand: %s: %w", c.byHand(leaves), err)
	}
	c.leaves = nil
	if told != nil {
		return fmt.Errorf("%s: %w", c.object, told)
	}
	return nil
}

// reverse is the patch that takes leaves back to what they were, but for those
// that somebody else has changed since, of which the error tells.
func reverse(leaves []leaf, now map[string]any) (back map[string]any, kept error) {
	back = map[string]any{}
	keep := func(err error) {
		if kept != nil {
			err = fmt.Errorf("%w; %w", kept, err)
		}
		kept = err
	}
	for i := range leaves {
		l := &leaves[i]
		value, is := at(now, l.path...)
		switch {
		case is == l.was && same(value, l.before): // it is back already
		case l.untold:
			keep(fmt.Errorf("%s is %s now, and was %s: the answer to the patch was lost, so that whose value this is cannot be told: left as it is", l.name(), shown(value, is), shown(l.before, l.was)))
		case is != l.is || !same(value, l.after):
			keep(fmt.Errorf("%s is %s now, not the %s that was set: left as it is", l.name(), shown(value, is), shown(l.after, l.is)))
		case l.was:
			set(back, restoring(l.before, value), l.path...)
		default:
			set(back, nil, l.path...)
		}
	}
	return back, kept
}

// restoring is what a merge patch (RFC 7386) has at a path where there is now, for
// before to be there: in mappings, what was not there is taken away by name.
func restoring(before, now any) any {
	was, ok := before.(map[string]any)
	is, both := now.(map[string]any)
	if !ok || !both {
		return before
	}
	back := map[string]any{}
	for name := range is {
		back[name] = nil
	}
	for name, value := range was {
		back[name] = restoring(value, is[name])
	}
	return back
}

// byHand says what somebody would have to do.
func (c *change) byHand(leaves []leaf) string {
	var parts []string
	for i := range leaves {
		parts = append(parts, fmt.Sprintf("set %s of %s to %s", leaves[i].name(), c.object, shown(leaves[i].before, leaves[i].was)))
	}
	return strings.Join(parts, ", ")
}

// leavesOf are the paths of a patch's values; a list is one value.
func leavesOf(patch map[string]any, below []string) [][]string {
	var paths [][]string
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		path := append(slices.Clone(below), name)
		if fields, ok := patch[name].(map[string]any); ok && len(fields) > 0 {
			paths = append(paths, leavesOf(fields, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}

// set puts a value into nested maps, which are made where they are missing.
func set(object map[string]any, value any, path ...string) {
	for _, name := range path[:len(path)-1] {
		next, ok := object[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[name] = next
		}
		object = next
	}
	object[path[len(path)-1]] = value
}

// same compares values as JSON has them: 1 from a file and 1 from the API server
// are of different types in Go.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// shown is a value for people.
func shown(value any, is bool) string {
	if !is || value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}
