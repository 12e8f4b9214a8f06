package watch

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/scenario"
	"nodrop/scenario/kube/internal/kubetest"
)

// story feeds states of pods and EndpointSlices, one second apart, and collects
// the marks.
type story struct {
	t          *testing.T
	lifecycles lifecycles
	now        time.Time
	told       []string
}

func newStory(t *testing.T) *story {
	s := &story{t: t, now: time.Unix(1000, 0)}
	s.lifecycles = lifecycles{pods: map[string]*podLifecycle{}, mark: func(m scenario.Moment) {
		text := m.Endpoint + " " + string(m.Kind)
		if m.Err != nil {
			text += ": " + m.Err.Error()
		}
		if m.Shutdown != nil {
			text += "; " + m.Shutdown.String()
		}
		s.told = append(s.told, text)
	}}
	return s
}

func (s *story) object(text string) *unstructured.Unstructured {
	s.now = s.now.Add(time.Second)
	return &unstructured.Unstructured{Object: kubetest.Integers(kubetest.Decode(s.t, text)).(map[string]any)}
}

// pod feeds a state; spec has the fields of its spec, and statuses are those of
// its containers.
func (s *story) pod(name, metadata, spec, ready, statuses string) {
	s.lifecycles.pod(s.object(fmt.Sprintf(
		`{metadata: {name: %s%s}, spec: {%s}, status: {conditions: [{type: Ready, status: %q}], containerStatuses: [%s]}}`, name, metadata, spec, ready, statuses,
	)), false, s.now)
}

// slice feeds a slice of endpoints, such as "a ready, b terminating".
func (s *story) slice(name, endpoints string) {
	var list []string
	for one := range strings.SplitSeq(endpoints, ", ") {
		pod, state, _ := strings.Cut(one, " ")
		conditions := map[string]string{"ready": "ready: true", "terminating": "ready: false, terminating: true", "unready": "ready: false"}[state]
		if pod != "" {
			list = append(list, fmt.Sprintf("{targetRef: {kind: Pod, name: %s}, conditions: {%s}}", pod, conditions))
		}
	}
	s.lifecycles.slice(s.object(fmt.Sprintf("{metadata: {name: %s}, endpoints: [%s]}", name, strings.Join(list, ", "))), false, s.now)
}

func (s *story) expect(want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, s.told); diff != "" {
		s.t.Error(diff)
	}
	s.told = nil
}

const (
	runs    = "{state: {running: {}}}"
	leaving = ", deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 2"
)

func ended(code int, reason string) string {
	return fmt.Sprintf("{state: {terminated: {exitCode: %d, reason: %s}}}", code, reason)
}

// TestLifecycle checks which events of pods are marked.
func TestLifecycle(t *testing.T) {
	hook := "containers: [{name: a}, {name: b, lifecycle: {preStop: {exec: {command: [sh, -c, sleep 5]}}}}]"
	s := newStory(t)
	s.pod("a", "", hook, "True", runs)
	s.pod("b", "", "", "True", "{restartCount: 3, state: {running: {}}, lastState: {terminated: {exitCode: 1}}}")
	s.pod("old", leaving, "", "True", runs)
	s.slice("one", "a ready, b ready, old terminating, other ready")
	s.slice("two", "a ready")
	s.lifecycles.settle()
	s.expect()

	// Pods outside the watch, and those that were terminating before, are ignored.
	s.slice("one", "a ready, b ready")
	s.pod("old", leaving, "", "False", ended(0, "Completed"))
	s.expect()

	// An endpoint is ready while any slice has it as ready.
	s.slice("one", "b ready, a terminating")
	s.expect()
	s.pod("a", leaving, hook, "True", runs)
	s.slice("two", "")
	s.expect("a terminating; pre-stop hook: exec sh -c sleep 5, grace period 2s", "a endpoint terminating")
	s.pod("a", leaving, hook, "False", ended(0, "Completed")+", "+ended(137, "Error"))
	s.slice("one", "b ready")
	s.expect("a killed", "a exited: exit code 137", "a endpoint dropped")

	// Readiness comes and goes; a container that ends unexpectedly is one crash.
	s.slice("one", "b unready")
	s.pod("b", "", "", "False", "{restartCount: 3, state: {terminated: {exitCode: 137, reason: OOMKilled}}}")
	s.pod("b", "", "", "False", "{restartCount: 3, state: {waiting: {}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}")
	s.pod("b", "", "", "True", "{restartCount: 4, state: {running: {}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled}}}")
	s.slice("one", "b ready")
	s.expect("b not ready", "b crashed: exit code 137: out of memory", "b ready")

	// A kill long before the end of the grace period is not a timeout. A new
	// pod that is listed before it is ready is marked when it becomes ready.
	s.slice("one", "b ready, new unready")
	s.pod("new", "", "", "False", runs)
	s.pod("new", "", "", "True", runs)
	s.slice("one", "b ready, new ready")
	s.pod("b", strings.Replace(leaving, "Seconds: 2", "Seconds: 60", 1), "", "True", runs)
	s.pod("b", strings.Replace(leaving, "Seconds: 2", "Seconds: 60", 1), "", "False", ended(137, "Error"))
	s.expect("new ready", "b terminating; no pre-stop hook, grace period 60s", "b exited: exit code 137")
}

// TestLifecycleOfContainers checks that the container that ended is reported,
// and that sidecars count.
func TestLifecycleOfContainers(t *testing.T) {
	named := func(name string, restarts int, rest string) string {
		return fmt.Sprintf("{name: %s, restartCount: %d, %s}", name, restarts, rest)
	}
	running, failed := "state: {running: {}}", "state: {running: {}}, lastState: {terminated: {exitCode: %d}}"
	hook := "lifecycle: {preStop: {sleep: {seconds: 7}}}"
	spec := "containers: [{name: gw}, {name: logs}], initContainers: [{name: once, " + hook + "}, {name: mesh, restartPolicy: Always, " + hook + "}]"
	s := newStory(t)
	s.pod("a", "", spec, "True", named("gw", 1, fmt.Sprintf(failed, 1))+", "+named("logs", 0, running))
	s.lifecycles.settle()
	s.pod("a", "", spec, "True", named("gw", 1, fmt.Sprintf(failed, 1))+", "+named("logs", 1, fmt.Sprintf(failed, 7)))
	s.expect("a crashed: exit code 7")

	beside := func(state string) string {
		return "], initContainerStatuses: [{name: once, state: {terminated: {exitCode: 0}}}, {name: mesh, state: {" + state + "}}"
	}
	bothEnded := ended(143, "Error") + ", " + ended(137, "Error")
	s.pod("a", leaving, spec, "True", named("gw", 1, running)+", "+named("logs", 1, running)+beside("running: {}"))
	s.expect("a terminating; pre-stop hook: sleep 7s, grace period 2s")
	s.pod("a", leaving, spec, "False", bothEnded+beside("running: {}"))
	s.expect()
	s.pod("a", leaving, spec, "False", bothEnded+beside("terminated: {exitCode: 0}"))
	s.expect("a killed", "a exited: exit code 137")
}

// TestLifecycleOfName: a StatefulSet reuses pod names for new pods. An event
// that two streams deliver is marked once.
func TestLifecycleOfName(t *testing.T) {
	seen := func(uid string, version int) string {
		return fmt.Sprintf(", uid: %s, resourceVersion: '%d'", uid, version)
	}
	s := newStory(t)
	s.pod("gw-0", seen("x", 10), "", "True", runs)
	s.lifecycles.settle()
	s.slice("one", "gw-0 ready")
	s.pod("gw-0", seen("x", 12)+leaving, "", "True", runs)
	s.pod("gw-0", seen("x", 11), "", "True", runs) // by a stream that is behind
	s.expect("gw-0 terminating; no pre-stop hook, grace period 2s")
	s.pod("gw-0", seen("x", 13)+leaving, "", "False", ended(143, "Error"))
	s.pod("gw-0", seen("x", 13)+leaving, "", "False", ended(143, "Error"))
	s.pod("gw-0", seen("y", 14), "", "False", runs)
	s.slice("one", "")
	s.slice("one", "gw-0 ready")
	s.pod("gw-0", seen("y", 15), "", "True", runs)
	s.expect("gw-0 exited: exit code 143", "gw-0 endpoint dropped", "gw-0 ready")
	s.pod("gw-0", seen("z", 17), "", "False", runs)
	s.expect("gw-0 terminating", "gw-0 exited")
}

// TestLifecycleOfHeadless: a headless Service that publishes pods that are not
// ready lists a terminating endpoint as both ready and terminating.
func TestLifecycleOfHeadless(t *testing.T) {
	headless := `{metadata: {name: headless}, endpoints: [{targetRef: {kind: Pod, name: a}, conditions: {ready: true, terminating: %t}}]}`
	s := newStory(t)
	s.pod("a", "", "", "True", runs)
	s.slice("one", "a ready")
	s.lifecycles.slice(s.object(fmt.Sprintf(headless, false)), false, s.now)
	s.lifecycles.settle()
	s.slice("one", "a terminating")
	s.expect()
	s.lifecycles.slice(s.object(fmt.Sprintf(headless, true)), false, s.now)
	s.expect("a endpoint terminating")
}
