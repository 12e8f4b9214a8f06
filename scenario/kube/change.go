package kube

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"

	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// change is a patch that can be taken back.
type change struct {
	object *api.Object
	sub    []string // the subresource
	patch  api.Patching

	leaves []leaf
}

// leaf is one value of a patch: what it was, and what it became.
type leaf struct {
	path          []string
	before, after any
	was, is       bool // whether there was, and is, any
	unlisted      bool // what it became is not known: the response was lost
	guessed       bool // the same, but the patch says it
	parents       int  // names of the path of which there was something before
	secret        bool // texts do not show what it was and is
}

// name is the path as people write it.
func (l *leaf) name() string { return strings.Join(l.path, ".") }

// shown is a value of it for people.
func (l *leaf) shown(value any, is bool) string {
	if l.secret && is && value != nil {
		return "a value that is not shown"
	}
	return api.Shown(value, is)
}

// do applies the patch. What it changed is known from its response: an admission
// controller may have made something else of it.
func (c *change) do(ctx context.Context) error {
	before, err := c.object.Get(ctx, c.sub...)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	c.leaves = nil
	for _, path := range c.patch.Paths(before) {
		value, told := c.patch.Told(path)
		l := leafOf(c.object, before, path, value)
		l.unlisted = !told
		c.leaves = append(c.leaves, l)
	}
	// From here on the patch may be in force, also when its response is lost. An
	// interruption waits for the response: it tells what there is to put back.
	after, err := c.object.Patch(context.WithoutCancel(ctx), c.patch, api.Strictly, c.sub...)
	if err != nil {
		if api.Refused(err) {
			c.leaves = nil
		}
		return err
	}
	c.responded(after)
	return nil
}

// leafOf is one that a change sets to a value; what there is before tells what it was.
func leafOf(o *api.Object, before map[string]any, path []string, value any) leaf {
	if o.Resource.Kind == "Secret" && o.Resource.GVR.Group == "" && path[0] == "stringData" { // it is only ever written: it becomes data
		path = append([]string{"data"}, path[1:]...)
		if text, ok := value.(string); ok {
			value = base64.StdEncoding.EncodeToString([]byte(text))
		}
	}
	l := leaf{path: path, after: value, is: value != nil, guessed: true}
	l.secret = o.Resource.Kind == "Secret" && path[0] == "data" || safetext.IsSecretName(path[len(path)-1])
	l.before, l.was = api.At(before, path...)
	for l.parents < len(path) {
		if _, is := api.At(before, path[:l.parents+1]...); !is {
			break
		}
		l.parents++
	}
	return l
}

// answered takes in what came of the change.
func (c *change) responded(after map[string]any) {
	for i := range c.leaves {
		l := &c.leaves[i]
		l.after, l.is = api.At(after, l.path...)
		l.unlisted, l.guessed = false, false
	}
}

// adopt takes over from an earlier change of the same object what it has set: it is
// put back from here to what it was before both.
func (c *change) adopt(earlier *change) {
	for i := range c.leaves {
		l := &c.leaves[i]
		at := slices.IndexFunc(earlier.leaves, func(e leaf) bool { return slices.Equal(e.path, l.path) })
		if at < 0 {
			continue
		}
		l.before, l.was, l.parents = earlier.leaves[at].before, earlier.leaves[at].was, earlier.leaves[at].parents
		earlier.leaves = slices.Delete(earlier.leaves, at, at+1)
	}
}

// changed are the leaves that are not, or may not be, what they were.
func (c *change) changed() []leaf {
	return slices.DeleteFunc(slices.Clone(c.leaves), func(l leaf) bool { return !l.unlisted && l.was == l.is && api.Same(l.before, l.after) })
}

// undo puts back what is still as we left it, and tells of the rest. It waits for
// an API server that is away until ctx ends.
func (c *change) undo(ctx context.Context) error {
	leaves := c.changed()
	if len(leaves) == 0 {
		return nil
	}
	var told error
	err := api.Persist(ctx, func() error {
		now, err := c.object.Get(ctx, c.sub...)
		if err != nil {
			return err
		}
		back, kept := reverse(leaves, now)
		told = kept
		if len(back) > 0 {
			_, err = c.object.Patch(ctx, api.Merging(back), api.Leniently, c.sub...)
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
	keep := func(format string, args ...any) { kept = scenario.Joined(kept, fmt.Errorf(format, args...)) }
	for i := range leaves {
		l := &leaves[i]
		value, is := api.At(now, l.path...)
		switch {
		case is == l.was && api.Same(value, l.before): // it is back already
		case l.guessed && !l.unlisted && !is && zero(l.after): // which the API may leave out
			api.Set(back, restoring(l.before, nil), l.path...)
		case l.unlisted:
			keep("%s is %s now, and was %s: the answer to the patch was lost, so that whose value this is cannot be told: left as it is", l.name(), l.shown(value, is), l.shown(l.before, l.was))
		case is != l.is || !api.Same(value, l.after):
			keep("%s is %s now, not the %s that was set: left as it is", l.name(), l.shown(value, is), l.shown(l.after, l.is))
		case l.was:
			api.Set(back, restoring(l.before, value), l.path...)
		default:
			api.Set(back, nil, l.path...)
		}
	}
	for i := range leaves {
		prune(back, now, &leaves[i])
	}
	return back, kept
}

// prune takes away with a leaf the mappings that were made for it, if nothing else
// is in them.
func prune(back, now map[string]any, l *leaf) {
	then := merged(now, back)
	for n := l.parents + 1; n < len(l.path); n++ {
		if left, is := api.At(then, l.path[:n]...); is && hollow(left) {
			api.Set(back, nil, l.path[:n]...)
			return
		}
	}
}

// merged is what a merge patch (RFC 7386) makes of an object; nil where it cannot be
// told.
func merged(object, patch map[string]any) (then map[string]any) {
	before, errBefore := json.Marshal(object)
	changes, errChanges := json.Marshal(patch)
	if errBefore != nil || errChanges != nil {
		return nil
	}
	after, err := jsonpatch.MergePatch(before, changes)
	if err != nil || json.Unmarshal(after, &then) != nil {
		return nil
	}
	return then
}

// hollow reports a mapping of nothing but such mappings.
func hollow(value any) bool {
	fields, ok := value.(map[string]any)
	for _, below := range fields {
		ok = ok && hollow(below)
	}
	return ok
}

// zero reports a value that the API may leave out.
func zero(value any) bool {
	return value == nil || slices.ContainsFunc([]any{false, 0, "", []any{}, map[string]any{}}, func(none any) bool { return api.Same(value, none) })
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
		parts = append(parts, fmt.Sprintf("set %s of %s to %s", leaves[i].name(), c.object, leaves[i].shown(leaves[i].before, leaves[i].was)))
	}
	return strings.Join(parts, ", ")
}

// undoes says what undo does; before the change, all that is known is what it may
// come to.
func (c *change) undoes(acted bool, before string) string {
	if !acted {
		return before
	}
	if c == nil {
		return ""
	}
	if leaves := c.changed(); len(leaves) > 0 {
		return c.byHand(leaves)
	}
	return ""
}
