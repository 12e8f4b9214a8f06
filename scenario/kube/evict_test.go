package kube

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// budget returns a PodDisruptionBudget for the pods of an app.
func budget(app, rule string) string {
	return named("budget-"+app, app, rule)
}

func named(name, app, rule string) string {
	return fmt.Sprintf("{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: %s}, spec: {%s, selector: {matchLabels: {app: %s}}}}", name, rule, app)
}

// processed waits until the disruption controller has counted the pods.
func processed(t *testing.T, a *api.Access, name string, pods int64) {
	t.Helper()
	await(t, "the budget is processed", func() bool {
		now := read(t, a, api.Ref{Kind: "poddisruptionbudget", Name: name})
		return api.Number(now, "status", "expectedPods") == pods && api.Number(now, "status", "currentHealthy") == pods
	})
}

// TestEvict: without a budget all pods are evicted at once, with one only as
// many as it allows.
func TestEvict(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 3, "")
	evict := &Delete{Access: a, Selector: "app=gw", Evict: true}
	for _, rule := range []string{"", "maxUnavailable: 1"} {
		if rule != "" {
			apply(t, a, budget("gw", rule))
			processed(t, a, "budget-gw", 3)
		}
		before := podsOf(t, a)
		var d diary
		w := &Watch{Targets: []Target{evict.touches()}}
		if err := w.Run(bounded(t), d.env()); err != nil {
			t.Fatal(err)
		}
		if err := evict.Run(bounded(t), d.env()); err != nil {
			t.Fatal(err)
		}
		run(t, &Wait{Access: a, Object: gw(), Rollout: true})
		await(t, "each pod is replaced", func() bool { return d.count(record.MarkReady) == 3 && d.count(record.MarkTerminating) == 3 })
		undo(t, w)
		for _, left := range podsOf(t, a) {
			if slices.ContainsFunc(before, func(p pod) bool { return p.GetUID() == left.GetUID() }) {
				t.Errorf("%q: pod %s was not evicted", rule, left.GetName())
			}
		}
		away, most := 0, 0
		for _, mark := range d.marks {
			switch _, kind, _ := strings.Cut(mark, " "); kind {
			case string(record.MarkTerminating):
				away++
			case string(record.MarkReady):
				away--
			}
			most = max(most, away)
		}
		if n := d.count(record.MarkNote); (n == 1) != (rule != "") {
			t.Errorf("%q: %d notes that an eviction waits", rule, n)
		}
		if (most == 1) != (rule != "") {
			t.Errorf("%q: %d pods were away at once: %q", rule, most, d.marks)
		}
	}
	one := &Delete{Access: a, Selector: "app=gw", Evict: true, Count: 1}
	before := podsOf(t, a)
	run(t, one)
	if left := podsOf(t, a); !slices.ContainsFunc(left, func(p pod) bool { return p.GetUID() == before[1].GetUID() }) {
		t.Error("more than one pod was evicted")
	}
}

// TestEvictionNotAllowed: a budget that never allows an eviction is named, by
// the preflight where nothing else changes the pods, and after the timeout.
// Nothing is changed.
func TestEvictionNotAllowed(t *testing.T) {
	t.Parallel()
	a := access(t)
	nodes := drainable(t, a)
	startOn(t, a, nodes, 2, "")
	before := podsOf(t, a)
	apply(t, a, budget("gw", "maxUnavailable: 0"))
	processed(t, a, "budget-gw", 2)
	evict := &Delete{Access: a, Selector: "app=gw", Evict: true, Timeout: 2 * time.Second, Alone: true}
	refuses(t, "pods of app=gw: not all were evicted after 2s: pod "+before[1].GetName()+" in namespace "+a.Namespace+
		": a PodDisruptionBudget does not allow it: The disruption budget budget-gw needs 2 healthy pods and has 2 currently", evict)
	refuses(t, "cannot be evicted: PodDisruptionBudget budget-gw never allows it: it wants 2 healthy pods, and there are to be 2", &Preflight{Actions: []scenario.Action{evict}})
	drain := &Drain{Access: a, Node: nodes.second, Timeout: 2 * time.Second, Alone: true}
	refuses(t, "PodDisruptionBudget budget-gw never allows it", &Preflight{Actions: []scenario.Action{drain}})
	refuses(t, "pods on node "+nodes.second+": not all were evicted after 2s", drain)
	if !cordoned(t, a, nodes.second) {
		t.Error("the node is not cordoned before the undo")
	}
	undo(t, drain)
	if cordoned(t, a, nodes.second) {
		t.Error("the node is still cordoned")
	}
	apply(t, a, named("second", "gw", "maxUnavailable: 1"))
	processed(t, a, "second", 2)
	run(t, &Preflight{Actions: []scenario.Action{&Delete{Access: a, Selector: "app=gw", Evict: true}}}) // other steps may change the pods
	refuses(t, "has more than one PodDisruptionBudget", evict)
	run(t, &Patch{Access: a, Object: api.Ref{Kind: "poddisruptionbudget", Name: "budget-gw"}, Patch: api.Merging(map[string]any{"spec": map[string]any{"maxUnavailable": int64(1)}})})
	await(t, "the budget allows one", func() bool {
		return api.Number(read(t, a, api.Ref{Kind: "poddisruptionbudget", Name: "budget-gw"}), "status", "disruptionsAllowed") == 1
	})
	refuses(t, "the API server evicts no pod with more than one PodDisruptionBudget, and it has budget-gw, second", &Preflight{Actions: []scenario.Action{evict}})
	after := podsOf(t, a)
	if len(after) != 2 || after[0].GetUID() != before[0].GetUID() || after[1].GetUID() != before[1].GetUID() {
		t.Errorf("pods %v before, %v after", before, after)
	}
}

// refuses runs an action that must fail with this text.
func refuses(t *testing.T, want string, action scenario.Action) {
	t.Helper()
	if err := action.Run(bounded(t), &scenario.Env{Mark: func(scenario.Moment) {}}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v; want %s", err, want)
	}
}

func cordoned(t *testing.T, a *api.Access, node string) bool {
	t.Helper()
	is, _ := api.At(read(t, a, api.Ref{Kind: "node", Name: node}), "spec", "unschedulable")
	return is == true
}

// nodesOf counts the pods of a selector on each node.
func nodesOf(t *testing.T, a *api.Access, selector string) map[string]int {
	t.Helper()
	c, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	pods, err := api.PodSet{Cluster: c, Selector: selector}.Staying(bounded(t))
	if err != nil {
		t.Fatal(err)
	}
	on := map[string]int{}
	for i := range pods {
		on[api.Text(pods[i].Object, "spec", "nodeName")]++
	}
	return on
}

// others returns a DaemonSet and a Job whose pods are on both nodes.
func others(nodes pair) string {
	template := fmt.Sprintf("template: {metadata: {labels: {app: %%s}}, spec: {%s, terminationGracePeriodSeconds: 1, %%s containers: [{name: c, image: hello, command: [%q, serve], args: [--listen, '$(POD_IP):8080']}]}}", nodes.fields(", "), os.Getenv("CONTROLPLANE_PROGRAM"))
	return "{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: ds}, spec: {selector: {matchLabels: {app: ds}}, " + fmt.Sprintf(template, "ds", "") + "}}\n---\n" +
		"{apiVersion: batch/v1, kind: Job, metadata: {name: job}, spec: {parallelism: 2, completions: 2, " + fmt.Sprintf(template, "job", "restartPolicy: Never,") + "}}"
}

// TestDrain: the pods of a node move to the other one, those of a DaemonSet stay,
// and afterwards the node is as it was.
func TestDrain(t *testing.T) {
	t.Parallel()
	a := access(t)
	nodes := drainable(t, a)
	startOn(t, a, nodes, 4, "")
	apply(t, a, others(nodes))
	await(t, "the pods are on both nodes", func() bool {
		return nodesOf(t, a, "app=gw")[nodes.second] == 2 && nodesOf(t, a, "app=ds")[nodes.second] == 1 && nodesOf(t, a, "app=job")[nodes.second] == 1
	})
	drain := &Drain{Access: a, Node: nodes.second, Alone: true}
	run(t, &Preflight{Actions: []scenario.Action{drain}})
	var d diary
	w := &Watch{Targets: []Target{drain.touches()}}
	env := d.env()
	if err := w.Run(bounded(t), env); err != nil {
		t.Fatal(err)
	}
	if env.Replicas != 4 {
		t.Errorf("%d replicas; want the 4 of the workload, on both nodes", env.Replicas)
	}
	run(t, drain)
	if !cordoned(t, a, nodes.second) {
		t.Error("the node is not cordoned")
	}
	await(t, "the pods have moved", func() bool {
		return nodesOf(t, a, "app=gw")[nodes.first] == 4 && nodesOf(t, a, "app=job")[nodes.first] == 2 && d.count(record.MarkReady) == 2
	})
	if on := nodesOf(t, a, "app=ds"); on[nodes.second] != 1 {
		t.Errorf("pods of the DaemonSet: %v; want it to stay", on)
	}
	undo(t, w)
	if n := d.count(record.MarkTerminating); n != 2 {
		t.Errorf("%d pods were terminating; want the 2 of the workload: %q", n, d.marks)
	}
	if what, ends := drain.Undoes(true); what != "kubectl uncordon "+nodes.second || ends {
		t.Errorf("what is to restore: %q, %t", what, ends)
	}
	undo(t, drain)
	if cordoned(t, a, nodes.second) {
		t.Error("the node is still cordoned")
	}
	refuses(t, "node "+nodes.second+": no pod in namespace "+a.Namespace+" that a drain would evict", drain)
	refuses(t, `nodes "n3" not found`, &Preflight{Actions: []scenario.Action{&Drain{Access: a, Node: "n3"}}})

	cordon := &Patch{Access: a, Object: api.Ref{Kind: "node", Name: nodes.first}, Patch: api.Merging(map[string]any{"spec": map[string]any{"unschedulable": true}})}
	run(t, cordon)
	again := &Drain{Access: a, Node: nodes.first}
	run(t, again)
	if what, _ := again.Undoes(true); what != "" {
		t.Errorf("it was cordoned before, and yet to restore: %s", what)
	}
	undo(t, again)
	if !cordoned(t, a, nodes.first) {
		t.Error("a node that was cordoned before is not any more")
	}
	undo(t, cordon)
	await(t, "the pods have moved again", func() bool { return nodesOf(t, a, "app=gw")[nodes.second] == 4 })

	apply(t, a, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {name: alone}, spec: {nodeName: %s, terminationGracePeriodSeconds: 1, containers: [{name: c, image: hello, command: [%q, serve], args: [--listen, '$(POD_IP):8080']}]}}", nodes.second, os.Getenv("CONTROLPLANE_PROGRAM")))
	refuses(t, "node "+nodes.second+": pod alone in namespace "+a.Namespace+" has no owner that would replace it", drain)
	if cordoned(t, a, nodes.second) {
		t.Error("the node is cordoned although nothing was done")
	}
}

// TestDrainRights: each permission that is missing is named.
func TestDrainRights(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 2, "")
	limited := &api.Access{Kubeconfig: os.Getenv("CONTROLPLANE_LIMITED"), Namespace: a.Namespace}
	preflight := func(action scenario.Action) *Preflight { return &Preflight{Actions: []scenario.Action{action}} }
	refuses(t, "missing permissions in namespace "+a.Namespace+": create pods/eviction, list pods", preflight(&Delete{Access: limited, Selector: "app=gw", Evict: true, Alone: true}))
	refuses(t, "missing permissions in namespace "+a.Namespace+": delete pods, list pods", preflight(&Delete{Access: limited, Selector: "app=gw", Alone: true}))
	refuses(t, "missing permissions in the cluster: get nodes, patch nodes", preflight(&Drain{Access: limited, Node: "n2", Alone: true}))
	refuses(t, "missing permissions in the cluster: list pods, create pods/eviction", preflight(&Drain{Access: limited, Node: "n2", Alone: true}))
	apply(t, a, `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: evictor}
rules:
- {apiGroups: [""], resources: [pods], verbs: [list]}
- {apiGroups: [""], resources: [pods/eviction], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: evictor}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: evictor}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: limited}]
`)
	evict := &Delete{Access: limited, Selector: "app=gw", Evict: true, Count: 1, Alone: true}
	run(t, preflight(evict)) // which may not read budgets
	run(t, evict)
}

// TestDrainAPIServerAway: while the API server is unreachable, a drain goes on
// trying, and so does its undo, which says in the end what to do by hand.
func TestDrainAPIServerAway(t *testing.T) {
	a := access(t)
	start(t, a, 2, "lifecycle: {preStop: {sleep: {seconds: 1}}}")
	plane := planeProcess(t)
	drain := &Drain{Access: a, Node: "n2"}
	ran := make(chan error, 1)
	go func() { ran <- drain.Run(bounded(t), &scenario.Env{Mark: func(scenario.Moment) {}}) }()
	await(t, "the pod is terminating", func() bool { return nodesOf(t, a, "app=gw")["n2"] == 0 })
	sendSignal(t, plane, syscall.SIGUSR1)
	await(t, "the API server is away", func() bool { return isAway(a) })
	sendSignal(t, plane, syscall.SIGUSR2)
	if err := <-ran; err != nil {
		t.Errorf("when it is back: %v", err)
	}
	sendSignal(t, plane, syscall.SIGUSR1)
	await(t, "the API server is away again", func() bool { return isAway(a) })
	short, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := drain.Undo(short); err == nil || !strings.Contains(err.Error(), "not restored; do this by hand: kubectl uncordon n2") {
		t.Errorf("got %v", err)
	}
	back := make(chan error, 1)
	go func() { back <- drain.Undo(bounded(t)) }()
	sendSignal(t, plane, syscall.SIGUSR2)
	if err := <-back; err != nil {
		t.Errorf("when it is back: %v", err)
	}
	if cordoned(t, a, "n2") {
		t.Error("the node is still cordoned")
	}
}

// TestQuickEvents: each event loses requests of pods that exit at once, and none
// of pods that accept connections until the data plane has processed the change.
func TestQuickEvents(t *testing.T) {
	t.Parallel()
	for name, hook := range map[string]string{"without": "", "with": "lifecycle: {preStop: {sleep: {seconds: 4}}}"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := access(t)
			nodes := drainable(t, a)
			startOn(t, a, nodes, 4, hook)
			apply(t, a, budget("gw", "maxUnavailable: 1"))
			processed(t, a, "budget-gw", 4)
			url := gatewayURL(t, a)
			load := []string{"-n", "600", "-c", "20", "-q", "20", "-disable-keepalive", "--settle", "4s", "--yes", "-N", a.Namespace, "-o", "text", "-o", "json=run.json", url}
			for _, event := range []struct {
				args  []string
				step  string
				pods  int
				moved bool
			}{
				{[]string{"--delete-pod", "app=gw", "--count", "1"}, "delete pods of app=gw", 1, false},
				{[]string{"--evict", "app=gw", "--count", "2"}, "evict pods of app=gw", 2, false},
				{[]string{"--drain-node", nodes.second}, "drain node " + nodes.second, 2, true},
			} {
				spread(t, a, nodes)
				dir := t.TempDir()
				code := 0
				if hook == "" {
					code = 1
				}
				out := nodrop(t, dir, code, append(slices.Clone(event.args), load...)...)
				got := recorded(t, filepath.Join(dir, "run.json"))[0]
				if says(out, "without a pre-stop hook got the stop signal at once: connections were refused until ") != (hook == "") {
					t.Errorf("%s: the findings are\n%s", event.step, out)
				}
				left, steps := 0, 0
				for _, m := range got.Marks {
					if m.Kind == record.MarkTerminating {
						left++
					}
					if m.Kind == record.MarkStep && m.Name == event.step && m.Error == "" {
						steps++
					}
				}
				if left != event.pods || steps != 1 {
					t.Errorf("%s: %d pods were terminating; want %d; %d steps of this name\n%s", event.step, left, event.pods, steps, out)
				}
				if cordoned(t, a, nodes.second) || event.moved && nodesOf(t, a, "app=gw")[nodes.second] > 0 {
					t.Errorf("%s: cordoned %t, pods %v", event.step, cordoned(t, a, nodes.second), nodesOf(t, a, "app=gw"))
				}
			}
		})
	}
}

// spread restarts the workload, whose pods then are on both nodes, and waits until
// every balancer has processed that.
func spread(t *testing.T, a *api.Access, nodes pair) {
	t.Helper()
	run(t, &Restart{Access: a, Object: gw()})
	run(t, &Address{Access: a, Service: "gw"})
	if on := nodesOf(t, a, "app=gw"); on[nodes.first] == 0 || on[nodes.second] == 0 {
		t.Fatalf("pods on nodes: %v", on)
	}
}

// TestEvictOnlyPod: what keeps the only pod from being missed is another one, and
// not the settings of a rollout.
func TestEvictOnlyPod(t *testing.T) {
	t.Parallel()
	a := access(t)
	start(t, a, 1, "")
	url := gatewayURL(t, a)
	out := nodrop(t, t.TempDir(), 1, "-n", "600", "-c", "20", "-q", "20", "-disable-keepalive", "--settle", "5s", "--evict", "app=gw", "--yes", "-N", a.Namespace, url)
	for _, want := range []string{"nothing served ", "replicas: 2 or more", "minAvailable: 1"} {
		if !says(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if says(out, "maxUnavailable: 0") {
		t.Errorf("settings of a rollout are advised\n%s", out)
	}
}

// TestQuickEventsRefused: what cannot work is said before any change, in one line.
func TestQuickEventsRefused(t *testing.T) {
	t.Parallel()
	a := access(t)
	nodes := drainable(t, a)
	startOn(t, a, nodes, 2, "")
	before := podsOf(t, a)
	apply(t, a, budget("gw", "minAvailable: 100%"))
	processed(t, a, "budget-gw", 2)
	url := gatewayURL(t, a)
	for want, args := range map[string][]string{
		"no pods of app=none in namespace " + a.Namespace:                       {"--evict", "app=none"},
		"only 2 pods of app=gw in namespace " + a.Namespace + ", not 3":         {"--delete-pod", "app=gw", "--count", "3"},
		"PodDisruptionBudget budget-gw never allows it: it wants 2":             {"--evict", "app=gw"},
		"PodDisruptionBudget budget-gw never allows it":                         {"--drain-node", nodes.second},
		`nodes "none" not found`:                                                {"--drain-node", "none"},
		"missing permissions in the cluster: get nodes, patch nodes":            {"--drain-node", nodes.second, "--kubeconfig", os.Getenv("CONTROLPLANE_LIMITED")},
		"no pod in namespace kube-system that a drain would evict":              {"--drain-node", nodes.second, "-N", "kube-system"},
		"the namespace must be that of the pods that the load goes to":          {"--drain-node", nodes.second, "-N", "kube-system"},
		"missing permissions in namespace " + a.Namespace + ": create pods/evi": {"--evict", "app=gw", "--kubeconfig", os.Getenv("CONTROLPLANE_LIMITED")},
	} {
		all := append([]string{"-n", "100", "-c", "2", "-N", a.Namespace, url}, args...)
		if out := nodrop(t, t.TempDir(), 2, all...); !says(out, want) || !says(out, "nothing was changed") {
			t.Errorf("%v: got %s; want %s", args, out, want)
		}
	}
	after := podsOf(t, a)
	if len(after) != 2 || after[0].GetUID() != before[0].GetUID() || after[1].GetUID() != before[1].GetUID() || cordoned(t, a, nodes.second) {
		t.Errorf("something was changed: %v, %v", before, after)
	}
}

const drainScenario = `
target: %s
load: {duration: 20s, connections: 4, rate: 20}
clusters: {c: {namespace: %s}}
timeline:
  - {name: maintenance, at: 1s, kube: {drain-node: %s}}
  - {name: a single pod, at: 1200ms, kube: {evict: app=gw, count: 1}}
`

// TestDrainInterrupted checks that one or two interruptions at any time leave the
// node schedulable, and that after a third nodrop says what to do.
func TestDrainInterrupted(t *testing.T) {
	t.Parallel()
	for i := range 6 {
		at, times := time.Duration(i)*500*time.Millisecond+600*time.Millisecond, i%3+1
		t.Run(fmt.Sprintf("%v-%d", at, times), func(t *testing.T) {
			t.Parallel()
			a := access(t)
			nodes := drainable(t, a)
			startOn(t, a, nodes, 4, "lifecycle: {preStop: {sleep: {seconds: 2}}}")
			url := gatewayURL(t, a)
			said := interruptAt(t, fmt.Sprintf(drainScenario, url, a.Namespace, nodes.second), at, syscall.SIGINT, times)
			if !cordoned(t, a, nodes.second) {
				return
			}
			if times < 3 || !strings.Contains(said, "kubectl uncordon "+nodes.second) {
				t.Errorf("the node is still cordoned\n%s", said)
			}
		})
	}
}

// TestDrainAwayInRun: the API server is unreachable for a while during a drain.
// The drain succeeds, and the node is uncordoned.
func TestDrainAwayInRun(t *testing.T) {
	a := access(t)
	start(t, a, 4, "lifecycle: {preStop: {sleep: {seconds: 4}}}")
	url := gatewayURL(t, a)
	plane := strconv.Itoa(planeProcess(t))
	dir := t.TempDir()
	write(t, dir, "away.yaml", `
target: `+url+`
load: {duration: 5s, connections: 4, rate: 20}
clusters: {here: {namespace: `+a.Namespace+`}}
settle: 1s
variants: {only: {}}
timeline:
  - {at: 10%, kube: {drain-node: n2}}
  - {name: the API server goes, at: 20%, exec: "kill -USR1 `+plane+`; sleep 1; kill -USR2 `+plane+`"}
`)
	dry := nodrop(t, dir, 0, "scenario", "run", "--dry-run", "away.yaml")
	for _, want := range []string{
		"at 10%: drain node n2", "This would change: context controlplane, node/n2: cordon it, evict its pods of all namespaces, as PodDisruptionBudgets allow, then uncordon it; data in emptyDir volumes is lost",
	} {
		if !says(dry, want) {
			t.Errorf("no %q in\n%s", want, dry)
		}
	}
	out := nodrop(t, dir, 0, "scenario", "run", "--yes", "-o", "text", "-o", "json=run.json", "away.yaml")
	for _, m := range recorded(t, filepath.Join(dir, "run.json"))[0].Marks {
		if m.Kind == record.MarkStep && m.Error != "" {
			t.Errorf("%s: %s", m.Name, m.Error)
		}
	}
	await(t, "the API server is back", func() bool { return !isAway(a) })
	if cordoned(t, a, "n2") || nodesOf(t, a, "app=gw")["n2"] > 0 {
		t.Errorf("cordoned %t, pods on %v\n%s", cordoned(t, a, "n2"), nodesOf(t, a, "app=gw"), out)
	}
}

// TestKin: the pods of a workload have the labels of one of them, but for those
// that are a pod's own.
func TestKin(t *testing.T) {
	owned := func(kind string, labels map[string]string) pod {
		var p pod
		p.SetLabels(labels)
		controls := true
		p.SetOwnerReferences([]metav1.OwnerReference{{Kind: kind, Name: "x", UID: "x", Controller: &controls}})
		return p
	}
	pods := []pod{
		owned("ReplicaSet", map[string]string{"app": "gw", "pod-template-hash": "1"}),
		owned("ReplicaSet", map[string]string{"app": "gw", "pod-template-hash": "1"}),
		owned("ReplicaSet", map[string]string{"app": "gw", "pod-template-hash": "2"}),
		owned("StatefulSet", map[string]string{"app": "db", "statefulset.kubernetes.io/pod-name": "db-0", "apps.kubernetes.io/pod-index": "0"}),
		owned("StatefulSet", map[string]string{"app": "db", "statefulset.kubernetes.io/pod-name": "db-1", "apps.kubernetes.io/pod-index": "1"}),
		owned("Job", map[string]string{"app": "job"}),
	}
	var got []string
	for _, set := range (&api.Cluster{}).Kin(pods) {
		got = append(got, set.Selector)
	}
	if want := []string{"app=gw,pod-template-hash=1", "app=gw,pod-template-hash=2", "app=db"}; !slices.Equal(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
}
