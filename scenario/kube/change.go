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

// change is a patch that can be undone.
type change struct {
	object *api.Object
	sub    []string // subresource, if any
	patch  api.Patching
	hand   string // how a person would undo it, in one go; "" means by setting its values
	// expected is the object afterwards, for a patch that does not show it; nil if
	// not known.
	expected map[string]any

	leaves []leaf
}

// leaf is one patched value, before and after.
type leaf struct {
	path          []string
	before, after any
	was, is       bool // whether the value existed before, and exists after
	unlisted      bool // after is unknown: the response was lost
	guessed       bool // after is taken from the patch, not from a response
	parents       int  // how many leading names of the path existed before
	secret        bool // messages hide its values
}

func (l *leaf) name() string { return strings.Join(l.path, ".") }

// shown formats one of its values for messages.
func (l *leaf) shown(value any, is bool) string {
	if is && value != nil && (l.secret || api.HasList(value)) {
		return "(hidden)"
	}
	return api.Shown(value, is)
}

// do applies the patch. It takes the new values from the response: an admission
// controller may have changed them.
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
		if !told && c.expected != nil {
			value, _ = api.At(c.expected, path...)
			told = true
		}
		l := leafOf(c.object, before, path, value)
		l.unlisted = !told
		c.leaves = append(c.leaves, l)
	}
	// From here on the patch may be in force even if its response is lost. An
	// interruption waits for the response, because it shows what to restore.
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

// leafOf describes one value that a change sets; before is the object beforehand.
func leafOf(o *api.Object, before map[string]any, path []string, value any) leaf {
	if o.Resource.Kind == "Secret" && o.Resource.GVR.Group == "" && path[0] == "stringData" { // write-only: it becomes data
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

// responded records the values from the response.
func (c *change) responded(after map[string]any) {
	for i := range c.leaves {
		l := &c.leaves[i]
		l.after, l.is = api.At(after, l.path...)
		l.unlisted, l.guessed = false, false
	}
}

// adopt takes over the values of an earlier change of the same object: undoing
// this change restores what they were before both.
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

// changed returns the leaves that have changed or may have changed.
func (c *change) changed() []leaf {
	return slices.DeleteFunc(slices.Clone(c.leaves), func(l leaf) bool { return !l.unlisted && l.was == l.is && api.Same(l.before, l.after) })
}

// undo restores the values that nobody has changed since, and reports the rest.
// While the API server is unreachable, it retries until ctx ends.
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
		return fmt.Errorf("not restored; do this by hand: %s: %w", c.byHand(leaves), err)
	}
	c.leaves = nil
	switch {
	case told == nil:
		return nil
	case c.hand != "":
		return fmt.Errorf("%s: %w; to restore it by hand: %s", c.object, told, c.hand)
	}
	return fmt.Errorf("%s: %w", c.object, told)
}

// reverse returns the patch that restores leaves. It skips those that somebody
// else has, or may have, changed since; kept names them.
func reverse(leaves []leaf, now map[string]any) (back map[string]any, kept error) {
	back = map[string]any{}
	keep := func(format string, args ...any) { kept = scenario.Joined(kept, fmt.Errorf(format, args...)) }
	for i := range leaves {
		l := &leaves[i]
		value, is := api.At(now, l.path...)
		switch {
		case is == l.was && api.Same(value, l.before): // already restored
		case l.guessed && !l.unlisted && !is && zero(l.after): // the API may omit it
			api.Set(back, restoring(l.before, nil), l.path...)
		case l.unlisted:
			keep("%s: not restored: it was %s and is now %s, and the response to the patch was lost, so nodrop cannot tell who set it", l.name(), l.shown(l.before, l.was), l.shown(value, is))
		case is == l.is && !api.Same(value, l.after) && (api.HasList(value) || api.HasList(l.after)):
			keep("%s: not restored: it has changed since nodrop set it", l.name())
		case is != l.is || !api.Same(value, l.after):
			keep("%s: not restored: nodrop set it to %s, but it is now %s", l.name(), l.shown(l.after, l.is), l.shown(value, is))
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

// prune also removes the mappings that were created for a leaf, if they are now
// empty.
func prune(back, now map[string]any, l *leaf) {
	then := merged(now, back)
	for n := l.parents + 1; n < len(l.path); n++ {
		if left, is := api.At(then, l.path[:n]...); is && hollow(left) {
			api.Set(back, nil, l.path[:n]...)
			return
		}
	}
}

// merged applies a merge patch (RFC 7386) to an object; nil if it fails.
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

// hollow reports a mapping that contains nothing but empty mappings.
func hollow(value any) bool {
	fields, ok := value.(map[string]any)
	for _, below := range fields {
		ok = ok && hollow(below)
	}
	return ok
}

// zero reports a value that the API may omit.
func zero(value any) bool {
	return value == nil || slices.ContainsFunc([]any{false, 0, "", []any{}, map[string]any{}}, func(none any) bool { return api.Same(value, none) })
}

// restoring returns the merge patch value (RFC 7386) that turns now back into
// before: in mappings, it deletes each added name explicitly.
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

// byHand says what a person would have to restore.
func (c *change) byHand(leaves []leaf) string {
	if c.hand != "" {
		return c.hand
	}
	var parts []string
	for i := range leaves {
		l := &leaves[i]
		switch {
		case l.was && api.HasList(l.before):
			parts = append(parts, fmt.Sprintf("set %s of %s to what it was, which is not shown", l.name(), c.object))
		case l.was:
			parts = append(parts, fmt.Sprintf("set %s of %s to %s", l.name(), c.object, l.shown(l.before, true)))
		default:
			parts = append(parts, fmt.Sprintf("remove %s from %s", l.name(), c.object))
		}
	}
	return strings.Join(parts, ", ")
}

// undoes says what undo does. Before the change, it returns the given text.
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
