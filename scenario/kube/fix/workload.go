package fix

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/api"
)

// defaultGrace is Kubernetes' own grace period, in seconds.
const defaultGrace = 30

// workload is a Deployment, a StatefulSet or a DaemonSet.
type workload struct {
	object *api.Object
	access *api.Access
}

func (w *workload) ref() api.Ref {
	return api.Ref{Kind: strings.ToLower(w.object.Resource.Kind) + ".apps", Name: w.object.Name}
}

func (w *workload) amend(ctx context.Context, wished *wishes) (c *amended, why string, err error) {
	now, err := w.object.Get(ctx)
	if err != nil {
		return nil, "", err
	}
	d, refused, err := w.draft(ctx, now, wished)
	if err != nil || d.why != "" {
		return nil, d.why, err
	}
	hand, err := w.hand(d, now)
	if err != nil {
		return nil, "", err
	}
	c = &amended{words: d.words(), refused: refused}
	c.actions = func() []scenario.Action {
		return []scenario.Action{
			&kube.Patch{Access: w.access, Object: w.ref(), Patch: d.patching(), After: d.after, What: "set " + d.words(), Hand: hand},
			&kube.Replaced{Access: w.access, Object: w.ref()},
		}
	}
	if c.diff, err = diffOf(strings.ToLower(w.object.Resource.Kind)+"/"+w.object.Name, view(now), view(d.after)); err != nil {
		return nil, "", err
	}
	c.patch, err = w.file(d)
	return c, "", err
}

// draft returns the workload as it is wished, and why it cannot be made so. A
// command sleeps where the API server does not know a hook's sleep, or does not
// take it: a cluster may have it turned off.
func (w *workload) draft(ctx context.Context, now map[string]any, wished *wishes) (d *draft, refused string, err error) {
	sleeps, err := w.hasSleep(ctx)
	if err != nil {
		return &draft{}, "", err
	}
	d = draftOf(w.object.Resource.Kind, now, wished, !sleeps)
	if d.why != "" {
		return d, "", nil
	}
	if refused, err = refusal(ctx, w.object, d.patching()); err != nil || refused == "" || !sleeps {
		return d, refused, err
	}
	other := draftOf(w.object.Resource.Kind, now, wished, true)
	switch again, err := refusal(ctx, w.object, other.patching()); {
	case err != nil:
		return d, "", err
	case again == "":
		return other, "", nil
	}
	return d, refused, nil
}

// hasSleep reports whether the API server knows the sleep of a pre-stop hook:
// from Kubernetes 1.30 on.
func (w *workload) hasSleep(ctx context.Context) (bool, error) {
	var version struct{ Major, Minor string }
	if err := w.object.Cluster.Get(ctx, "/version", &version); err != nil {
		return false, err
	}
	minor, err := strconv.Atoi(strings.TrimRight(version.Minor, "+"))
	return err == nil && (version.Major != "1" || minor >= 30), nil
}

// file is the change as a strategic merge patch, which kubectl patch --patch-file
// and kustomize take.
func (w *workload) file(d *draft) (string, error) {
	patch := map[string]any{
		"apiVersion": "apps/v1", "kind": w.object.Resource.Kind, "metadata": map[string]any{"name": w.object.Name},
		"spec": d.patch["spec"],
	}
	text, err := inYAML(patch)
	kind := strings.ToLower(w.object.Resource.Kind)
	return fmt.Sprintf("# kubectl patch %s %s --patch-file FILE, or a patch of a kustomization\n", kind, w.object.Name) + text, err
}

// hand is the command that takes the change back. It sets nothing but what the
// change has set.
func (w *workload) hand(d *draft, now map[string]any) (string, error) {
	text, err := json.Marshal(reversed(d.patch, now))
	return fmt.Sprintf("kubectl patch %s %s --namespace %s --patch '%s'", strings.ToLower(w.object.Resource.Kind), w.object.Name, w.object.Namespace, text), err
}

// reversed returns the strategic merge patch that takes another one back; now is
// the object before that. Lists of mappings merge by name.
func reversed(patch, now map[string]any) map[string]any {
	back := map[string]any{}
	for name, value := range patch {
		back[name] = now[name] // nil, which deletes it, if it was not there
		if fields, ok := value.(map[string]any); ok {
			if was, ok := now[name].(map[string]any); ok {
				back[name] = reversed(fields, was)
			}
		}
		items := api.Items(patch, name)
		if len(items) == 0 {
			continue
		}
		var list []any
		for _, item := range items {
			for _, was := range api.Items(now, name) {
				if was["name"] == item["name"] {
					list = append(list, reversed(item, was))
				}
			}
		}
		back[name] = list
	}
	return back
}

// draft is a change of a workload.
type draft struct {
	kind  string
	after map[string]any
	patch map[string]any // strategic merge
	why   string         // why there is none, or not all that is wished
	said  []string
}

// words lists what is set.
func (d *draft) words() string {
	return listed(d.said)
}

// listed joins words: a, b and c.
func listed(words []string) string {
	n := len(words)
	if n < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
}

func (d *draft) patching() api.Patching {
	return api.Patching{Type: types.StrategicMergePatchType, Fields: d.patch}
}

// set sets a value in both the object and the patch.
func (d *draft) set(value any, path ...string) {
	api.Set(d.after, value, path...)
	api.Set(d.patch, value, path...)
}

// draftOf returns a workload as it is wished. plain says that the API server does
// not know a hook's sleep, so that a command has to sleep.
func draftOf(kind string, now map[string]any, w *wishes, plain bool) *draft {
	if why := stays(kind, now); why != "" {
		return &draft{kind: kind, why: why}
	}
	d := drafted(kind, now, w, plain)
	switch {
	case d.why == "" && len(d.said) == 0:
		d.why = "what would help is set already"
	case len(d.said) == 0:
	case d.why != "" && w.accepted != nil && d.words() == drafted(kind, now, w.accepted, plain).words():
		return &draft{kind: kind, why: d.why} // what is new is what it cannot be
	default:
		d.why = ""
	}
	return d
}

func drafted(kind string, now map[string]any, w *wishes, plain bool) *draft {
	d := &draft{kind: kind, after: runtime.DeepCopyJSON(now), patch: map[string]any{}}
	before, after := d.sleep(w.sleep, plain)
	d.grace(w.grace, before, after)
	d.surge(w.surge)
	return d
}

// stays says why a change of a workload would leave its pods as they are; "" if it
// replaces all of them.
func stays(kind string, now map[string]any) string {
	paused, _ := api.At(now, "spec", "paused")
	partition := api.Number(now, "spec", "updateStrategy", "rollingUpdate", "partition")
	switch {
	case paused == true:
		return "the " + kind + " is paused: its pods would stay as they are"
	case api.Text(now, "spec", "updateStrategy", "type") == "OnDelete":
		return "the updateStrategy of the " + kind + " is OnDelete: its pods would stay as they are until they are deleted"
	case partition > 0:
		return fmt.Sprintf("the updateStrategy of the %s has partition %d: some of its pods would stay as they are", kind, partition)
	}
	return ""
}

var podSpec = []string{"spec", "template", "spec"}

func inPod(path ...string) []string { return append(slices.Clone(podSpec), path...) }

// sleep makes every container sleep at least that long before it gets the stop
// signal: which of them serve requests is not known. It returns for how long the
// hooks sleep, before and after.
func (d *draft) sleep(seconds int64, plain bool) (before, after int64) {
	containers := api.Items(d.after, inPod("containers")...)
	var patches []any
	var own []string // containers whose hook stays
	for _, c := range containers {
		hook, _ := api.At(c, "lifecycle", "preStop")
		slept, known := sleepOf(hook)
		before = max(before, slept)
		switch {
		case !known && seconds > 0:
			own = append(own, api.Text(c, "name"))
		case known && slept < seconds:
			patches = append(patches, setSleep(c, hook, seconds, plain))
			after = max(after, seconds)
		}
		after = max(after, slept)
	}
	switch {
	case len(own) > 1:
		d.why = fmt.Sprintf("containers %s have pre-stop hooks of their own, which nodrop does not replace: let those hooks sleep %d s first", listed(own), seconds)
	case len(own) == 1:
		d.why = fmt.Sprintf("container %s has a pre-stop hook of its own, which nodrop does not replace: let that hook sleep %d s first", own[0], seconds)
	}
	if len(patches) > 0 {
		api.Set(d.patch, patches, inPod("containers")...)
		said := fmt.Sprintf("preStop.sleep %d s", seconds)
		if plain {
			said = fmt.Sprintf("preStop.exec sleep %d", seconds)
		}
		switch {
		case len(own) > 1:
			said += " (" + listed(own) + " keep their own hooks)"
		case len(own) == 1:
			said += " (" + own[0] + " keeps its own hook)"
		}
		d.said = append(d.said, said)
	}
	return before, after
}

// setSleep changes the hook of a container, and returns the patch for it.
func setSleep(c map[string]any, old any, seconds int64, plain bool) map[string]any {
	hook := map[string]any{"sleep": map[string]any{"seconds": seconds}}
	if plain {
		hook = map[string]any{"exec": map[string]any{"command": []any{"sleep", strconv.FormatInt(seconds, 10)}}}
	}
	api.Set(c, hook, "lifecycle", "preStop")
	patch := runtime.DeepCopyJSON(hook)
	was, _ := old.(map[string]any)
	for name := range was {
		if hook[name] == nil {
			patch[name] = nil // a hook does one thing only
		}
	}
	return map[string]any{"name": c["name"], "lifecycle": map[string]any{"preStop": patch}}
}

// sleepOf returns how many seconds a pre-stop hook sleeps. It is not known for a
// hook that does anything else.
func sleepOf(hook any) (seconds int64, known bool) {
	fields, _ := hook.(map[string]any)
	if len(fields) == 0 {
		return 0, true
	}
	if _, sleeps := fields["sleep"]; sleeps {
		return api.Number(fields, "sleep", "seconds"), true
	}
	command, _ := api.At(fields, "exec", "command")
	list, _ := command.([]any)
	var text []string
	for _, word := range list {
		text = append(text, fmt.Sprint(word))
	}
	if len(text) == 3 && slices.Contains([]string{"sh", "/bin/sh", "bash", "/bin/bash"}, text[0]) && text[1] == "-c" {
		text = strings.Fields(text[2])
	}
	if len(text) != 2 || text[0] != "sleep" && text[0] != "/bin/sleep" {
		return 0, false
	}
	seconds, err := strconv.ParseInt(strings.TrimSuffix(text[1], "s"), 10, 64)
	return seconds, err == nil
}

// grace raises the grace period by what the hooks sleep longer, so that processes
// keep the time that they had, and to what they need.
func (d *draft) grace(needed, before, after int64) {
	now := int64(defaultGrace)
	if _, told := api.At(d.after, inPod("terminationGracePeriodSeconds")...); told {
		now = api.Number(d.after, inPod("terminationGracePeriodSeconds")...)
	}
	next := now + max(0, after-before)
	if wanted := after + needed; needed > 0 && wanted > next {
		next = wanted
		d.said = append(d.said, fmt.Sprintf("terminationGracePeriodSeconds %d", next))
	}
	if next != now {
		d.set(next, inPod("terminationGracePeriodSeconds")...)
	}
}

// surge lets new pods become ready before old ones go.
func (d *draft) surge(wished bool) {
	if !wished {
		return
	}
	part := "strategy"
	switch d.kind {
	case "StatefulSet":
		d.why = "a StatefulSet stops a pod before it starts the one that replaces it: more replicas are needed"
		return
	case "DaemonSet":
		part = "updateStrategy"
	}
	rolling := []string{"spec", part, "rollingUpdate"}
	at := func(name string) []string { return append(slices.Clone(rolling), name) }
	if kind := api.Text(d.after, "spec", part, "type"); kind != "" && kind != "RollingUpdate" {
		d.set("RollingUpdate", "spec", part, "type")
		d.said = append(d.said, part+" RollingUpdate")
	}
	if none(d.after, at("maxUnavailable")...) && !none(d.after, at("maxSurge")...) {
		return
	}
	if none(d.after, at("maxSurge")...) {
		d.set(int64(1), at("maxSurge")...)
		d.said = append(d.said, "maxSurge 1")
	}
	d.set(int64(0), at("maxUnavailable")...)
	d.said = append(d.said, "maxUnavailable 0")
}

// none reports whether a number of pods, or a percentage, is unset or 0.
func none(object map[string]any, path ...string) bool {
	value, _ := api.At(object, path...)
	if text, ok := value.(string); ok {
		return strings.TrimSuffix(text, "%") == "0"
	}
	return api.Number(object, path...) == 0
}

// view returns the parts of a workload that a change may be about. It has nothing
// else, such as the environment of containers or what a hook runs that stays:
// diffs are shown and kept.
func view(object map[string]any) map[string]any {
	spec := map[string]any{}
	for _, part := range []string{"strategy", "updateStrategy"} {
		if value, is := api.At(object, "spec", part); is {
			spec[part] = value
		}
	}
	pod := map[string]any{}
	if grace, is := api.At(object, inPod("terminationGracePeriodSeconds")...); is {
		pod["terminationGracePeriodSeconds"] = grace
	}
	var containers []any
	for _, c := range api.Items(object, inPod("containers")...) {
		one := map[string]any{"name": c["name"]}
		if hook, is := api.At(c, "lifecycle", "preStop"); is {
			if _, sleeps := sleepOf(hook); !sleeps {
				hook = "(its own)"
			}
			one["lifecycle"] = map[string]any{"preStop": hook}
		}
		containers = append(containers, one)
	}
	pod["containers"] = containers
	spec["template"] = map[string]any{"spec": pod}
	return map[string]any{"spec": spec}
}
