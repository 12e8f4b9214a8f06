package fix

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/scenario/kube/api"
)

func decoded(t *testing.T, text string) map[string]any {
	t.Helper()
	var found map[string]any
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		t.Fatal(err)
	}
	return (&unstructured.Unstructured{Object: found}).DeepCopy().Object
}

// strategically applies a strategic merge patch as the API server does: null
// deletes, mappings merge, and so do lists of mappings, by name.
func strategically(object, patch map[string]any) map[string]any {
	after := runtime.DeepCopyJSON(object)
	for name, value := range patch {
		fields, isMapping := value.(map[string]any)
		was, _ := after[name].(map[string]any)
		items := api.Items(patch, name)
		switch {
		case value == nil:
			delete(after, name)
		case isMapping && was == nil:
			after[name] = strategically(map[string]any{}, fields)
		case isMapping:
			after[name] = strategically(was, fields)
		case len(items) > 0:
			var list []any
			for _, item := range api.Items(after, name) {
				at := slices.IndexFunc(items, func(change map[string]any) bool { return change["name"] == item["name"] })
				if at >= 0 {
					item = strategically(item, items[at])
				}
				list = append(list, item)
			}
			after[name] = list
		default:
			after[name] = value
		}
	}
	return after
}

// TestDraft: what a workload becomes, and the patch for it.
func TestDraft(t *testing.T) {
	const bare = "{template: {spec: {containers: [{name: a}]}}}"
	for name, tt := range map[string]struct {
		kind, spec   string
		wished       wishes
		plain        bool
		words, patch string // of spec.template.spec, or of the whole spec if that is not patched
		why          string
	}{
		"a hook, and a grace period that is as much longer": {
			spec: bare, wished: wishes{sleep: 3},
			words: "preStop.sleep 3 s",
			patch: "{template: {spec: {containers: [{lifecycle: {preStop: {sleep: {seconds: 3}}}, name: a}], terminationGracePeriodSeconds: 33}}}",
		},
		"a command sleeps where the API knows no other way": {
			spec: bare, wished: wishes{sleep: 3}, plain: true,
			words: "preStop.exec sleep 3",
			patch: `{template: {spec: {containers: [{lifecycle: {preStop: {exec: {command: [sleep, "3"]}}}, name: a}], terminationGracePeriodSeconds: 33}}}`,
		},
		"a longer sleep": {
			spec:   "{template: {spec: {terminationGracePeriodSeconds: 5, containers: [{name: a, lifecycle: {preStop: {sleep: {seconds: 1}}}}]}}}",
			wished: wishes{sleep: 3},
			words:  "preStop.sleep 3 s",
			patch:  "{template: {spec: {containers: [{lifecycle: {preStop: {sleep: {seconds: 3}}}, name: a}], terminationGracePeriodSeconds: 7}}}",
		},
		"a command that sleeps gives way": {
			spec:   `{template: {spec: {containers: [{name: a, lifecycle: {preStop: {exec: {command: [/bin/sh, -c, "sleep 1"]}}}}]}}}`,
			wished: wishes{sleep: 3},
			words:  "preStop.sleep 3 s",
			patch:  "{template: {spec: {containers: [{lifecycle: {preStop: {exec: null, sleep: {seconds: 3}}}, name: a}], terminationGracePeriodSeconds: 32}}}",
		},
		"a hook that does something else stays": {
			spec:   `{template: {spec: {containers: [{name: a, lifecycle: {preStop: {exec: {command: [nginx, -s, quit]}}}}]}}}`,
			wished: wishes{sleep: 3},
			why:    "container a has a pre-stop hook of its own, which nodrop does not replace: let that hook sleep 3 s first",
		},
		"the other containers sleep all the same": {
			spec:   `{template: {spec: {containers: [{name: a, lifecycle: {preStop: {httpGet: {path: /quit, port: 1}}}}, {name: b}]}}}`,
			wished: wishes{sleep: 3},
			words:  "preStop.sleep 3 s (a keeps its own hook)",
			patch:  "{template: {spec: {containers: [{lifecycle: {preStop: {sleep: {seconds: 3}}}, name: b}], terminationGracePeriodSeconds: 33}}}",
		},
		"two hooks that do something else": {
			spec: `{template: {spec: {containers: [{name: a, lifecycle: {preStop: {httpGet: {path: /quit, port: 1}}}}, {name: b},
				{name: c, lifecycle: {preStop: {exec: {command: [nginx, -s, quit]}}}}]}}}`,
			wished: wishes{sleep: 3}, plain: true,
			words: "preStop.exec sleep 3 (a and c keep their own hooks)",
			patch: `{template: {spec: {containers: [{lifecycle: {preStop: {exec: {command: [sleep, "3"]}}}, name: b}], terminationGracePeriodSeconds: 33}}}`,
		},
		"the new advice cannot be taken": {
			spec:   "{template: {spec: {containers: [{name: a, lifecycle: {preStop: {exec: {command: [nginx, -s, quit]}}}}]}}}",
			wished: wishes{sleep: 3, grace: 60, accepted: &wishes{grace: 60}},
			why:    "container a has a pre-stop hook of its own, which nodrop does not replace: let that hook sleep 3 s first",
		},
		"a paused Deployment": {
			spec: "{paused: true, " + bare[1:], wished: wishes{sleep: 3},
			why: "the Deployment is paused: its pods would stay as they are",
		},
		"a StatefulSet that replaces pods on deletion": {
			kind: "StatefulSet", spec: "{updateStrategy: {type: OnDelete}, " + bare[1:], wished: wishes{sleep: 3},
			why: "the updateStrategy of the StatefulSet is OnDelete: its pods would stay as they are until they are deleted",
		},
		"a DaemonSet that replaces pods on deletion": {
			kind: "DaemonSet", spec: "{updateStrategy: {type: OnDelete}, " + bare[1:], wished: wishes{sleep: 3, surge: true},
			why: "the updateStrategy of the DaemonSet is OnDelete: its pods would stay as they are until they are deleted",
		},
		"a partition": {
			kind: "StatefulSet", spec: "{updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}}, " + bare[1:], wished: wishes{sleep: 3},
			why: "the updateStrategy of the StatefulSet has partition 2: some of its pods would stay as they are",
		},
		"no partition": {
			kind: "StatefulSet", spec: "{updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 0}}, " + bare[1:], wished: wishes{sleep: 3},
			words: "preStop.sleep 3 s",
			patch: "{template: {spec: {containers: [{lifecycle: {preStop: {sleep: {seconds: 3}}}, name: a}], terminationGracePeriodSeconds: 33}}}",
		},
		"grace on top of the hook": {
			spec:   "{template: {spec: {terminationGracePeriodSeconds: 2, containers: [{name: a, lifecycle: {preStop: {sleep: {seconds: 4}}}}]}}}",
			wished: wishes{grace: 5},
			words:  "terminationGracePeriodSeconds 9",
			patch:  "{template: {spec: {terminationGracePeriodSeconds: 9}}}",
		},
		"both": {
			spec: bare, wished: wishes{sleep: 3, grace: 60},
			words: "preStop.sleep 3 s and terminationGracePeriodSeconds 63",
			patch: "{template: {spec: {containers: [{lifecycle: {preStop: {sleep: {seconds: 3}}}, name: a}], terminationGracePeriodSeconds: 63}}}",
		},
		"all of it is there": {
			spec:   "{template: {spec: {terminationGracePeriodSeconds: 60, containers: [{name: a, lifecycle: {preStop: {sleep: {seconds: 9}}}}]}}}",
			wished: wishes{sleep: 3, grace: 5}, why: "what would help is set already",
		},
		"one by one": {
			spec: "{strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 100%, maxSurge: 0}}}", wished: wishes{surge: true},
			words: "maxSurge 1 and maxUnavailable 0",
			patch: "{strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}",
		},
		"a surge that is there": {
			spec: "{strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 100%, maxSurge: 25%}}}", wished: wishes{surge: true},
			words: "maxUnavailable 0",
			patch: "{strategy: {rollingUpdate: {maxUnavailable: 0}}}",
		},
		"instead of Recreate": {
			spec: "{strategy: {type: Recreate}}", wished: wishes{surge: true},
			words: "strategy RollingUpdate, maxSurge 1 and maxUnavailable 0",
			patch: "{strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}, type: RollingUpdate}}",
		},
		"a DaemonSet": {
			kind: "DaemonSet", spec: "{updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1, maxSurge: 0}}}", wished: wishes{surge: true},
			words: "maxSurge 1 and maxUnavailable 0",
			patch: "{updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}}",
		},
		"a StatefulSet has no surge": {
			kind: "StatefulSet", spec: "{updateStrategy: {type: RollingUpdate}}", wished: wishes{surge: true},
			why: "a StatefulSet stops a pod before it starts the one that replaces it: more replicas are needed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			kind := tt.kind
			if kind == "" {
				kind = "Deployment"
			}
			now := decoded(t, "{spec: "+tt.spec+"}")
			d := draftOf(kind, now, &tt.wished, tt.plain)
			if d.why != tt.why || d.words() != tt.words {
				t.Fatalf("%q, %q; want %q, %q", d.words(), d.why, tt.words, tt.why)
			}
			if tt.why != "" {
				return
			}
			want, err := inYAML(decoded(t, "{spec: "+tt.patch+"}"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := inYAML(d.patch)
			if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("patch:\n%s\nwant:\n%s", got, want)
			}
			if again := draftOf(kind, d.after, &tt.wished, tt.plain); again.words() != "" {
				t.Errorf("the object with the patch would be changed again: %q", again.words())
			}
			back := strategically(strategically(now, d.patch), reversed(d.patch, now))
			if diff := cmp.Diff(now, back); diff != "" {
				t.Errorf("taken back, it is not as before (-) but (+):\n%s", diff)
			}
		})
	}
}

// TestWishes: of the same setting, the larger value counts, and what is no setting
// of ours is left out.
func TestWishes(t *testing.T) {
	w := &wishes{}
	for _, tt := range []struct {
		setting, value string
		taken          bool
	}{
		{"lifecycle.preStop.sleep.seconds", "3", true},
		{"lifecycle.preStop.sleep.seconds", "2", true},
		{"terminationGracePeriodSeconds", "7", true},
		{"strategy.rollingUpdate.maxUnavailable", "0", true},
		{"strategy.rollingUpdate.maxSurge", "1", false}, // it comes with the other
		{"minReadySeconds", "5", false},
		{"shutdown_delay", "5s", false},
		{"asm.alibabacloud.com/gateway-drain-timeout-seconds", "10", true},
	} {
		if got := w.take([]record.Remedy{{Setting: tt.setting, Value: tt.value}}); got != tt.taken {
			t.Errorf("%s: taken %t", tt.setting, got)
		}
	}
	if want := (wishes{sleep: 3, grace: 7, surge: true}); *w.accepted != want {
		t.Errorf("before the last: %+v; want %+v", *w.accepted, want)
	}
	w.accepted = nil
	if want := (wishes{sleep: 3, grace: 7, surge: true, drainNew: 10}); *w != want {
		t.Errorf("%+v; want %+v", *w, want)
	}
}

// TestView: a diff shows nothing of a container but how its hook sleeps.
func TestView(t *testing.T) {
	text, err := inYAML(view(decoded(t, "{spec: {replicas: 3, template: {spec: {containers: [{name: a, env: [{name: KEY, value: S3CRET}], lifecycle: {preStop: {sleep: {seconds: 1}}, postStart: {exec: {command: [S3CRET]}}}}, "+
		"{name: b, lifecycle: {preStop: {exec: {command: [curl, -u, 'me:S3CRET', localhost]}}}}, {name: c, lifecycle: {preStop: {httpGet: {httpHeaders: [{name: x, value: S3CRET}]}}}}]}}}}")))
	if err != nil || strings.Contains(text, "S3CRET") || !strings.Contains(text, "seconds: 1") || strings.Count(text, "preStop: (its own)") != 2 {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestHand: the command that takes a change back has what the change sets, and
// nothing else of the containers.
func TestHand(t *testing.T) {
	now := decoded(t, `{spec: {template: {spec: {terminationGracePeriodSeconds: 20, containers: [{name: a, env: [{name: KEY, value: S3CRET}], lifecycle: {postStart: {exec: {command: [S3CRET]}}}},
		{name: b, lifecycle: {preStop: {exec: {command: [sleep, "1"]}}}}, {name: c, lifecycle: {preStop: {exec: {command: [S3CRET]}}}}]}}}}`)
	w := &workload{object: &api.Object{Namespace: "shop", Name: "gw"}}
	w.object.Resource.Kind = "Deployment"
	got, err := w.hand(draftOf("Deployment", now, &wishes{sleep: 3}, false), now)
	want := `kubectl patch deployment gw --namespace shop --patch '{"spec":{"template":{"spec":{"containers":[` +
		`{"lifecycle":{"preStop":null},"name":"a"},{"lifecycle":{"preStop":{"exec":{"command":["sleep","1"]},"sleep":null}},"name":"b"}],"terminationGracePeriodSeconds":20}}}}'`
	if err != nil || safetext.MaskText(got) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, got, want)
	}
}
