// Package quick reads the flags of the quick form: one event in a cluster during
// a plain load.
//
// The pipeline: flags → the one event that they request → a step with an action
// of package kube.
//
// The invariant: a flag that would have no effect is refused.
package quick

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
	"k8s.io/apimachinery/pkg/labels"

	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/api"
)

// Values holds the flags.
type Values struct {
	set    *pflag.FlagSet
	access api.Access

	scale, restart, deletePod, evict, drainNode string

	keep  bool
	count int
}

// Flags defines the flags on fs.
func Flags(fs *pflag.FlagSet) *Values {
	v := &Values{set: fs}
	fs.StringVar(&v.scale, "scale", "", "scale a workload during the load, then restore it, as in deployment/gateway=1; lost requests fail the run")
	fs.StringVar(&v.restart, "restart", "", "restart its pods during the load, as kubectl rollout restart does; lost requests fail the run")
	fs.StringVar(&v.deletePod, "delete-pod", "", "delete the pods with these labels during the load, as in app=gateway; lost requests fail the run")
	fs.StringVar(&v.evict, "evict", "", "evict them, as PodDisruptionBudgets allow; lost requests fail the run")
	fs.StringVar(&v.drainNode, "drain-node", "", "cordon a node during the load and evict its pods, as kubectl drain does, then uncordon it; lost requests fail the run")
	fs.IntVar(&v.count, "count", 0, "with --delete-pod, --evict: only this many pods, the oldest (default all)")
	fs.BoolVar(&v.keep, "keep", false, "with --scale: do not restore the number of replicas")
	fs.StringVarP(&v.access.Namespace, "namespace", "N", "", "namespace of the pods, instead of the context's")
	fs.StringVar(&v.access.Context, "context", "", "context of the kubeconfig, instead of the current one")
	fs.StringVar(&v.access.Kubeconfig, "kubeconfig", "", "path of the kubeconfig, instead of the one that kubectl uses")
	return v
}

// event is one that a flag requests.
type event struct {
	flag  string
	takes []string // further flags of this event alone
	make  func(v *Values) (scenario.Action, error)
}

var events = []event{
	{"scale", []string{"keep"}, (*Values).scaling},
	{"restart", nil, (*Values).restarting},
	{"delete-pod", []string{"count"}, (*Values).deleting},
	{"evict", []string{"count"}, (*Values).evicting},
	{"drain-node", nil, (*Values).draining},
}

// Events lists the flags that request an event.
func Events() []string {
	var names []string
	for _, e := range events {
		names = append(names, "--"+e.flag)
	}
	return names
}

// Step returns the requested step; nil if there is none.
func (v *Values) Step() (*scenario.Step, error) {
	var given []event
	for _, e := range events {
		if v.set.Changed(e.flag) {
			given = append(given, e)
		}
	}
	switch len(given) {
	case 0:
		return nil, v.withoutEvent()
	case 1:
	default:
		return nil, fmt.Errorf("--%s and --%s: give only one of them", given[0].flag, given[1].flag)
	}
	if err := v.checkExtras(given[0]); err != nil {
		return nil, err
	}
	action, err := given[0].make(v)
	if err != nil {
		return nil, err
	}
	return &scenario.Step{Name: action.String(), Action: action}, nil
}

// withoutEvent refuses flags that have no effect without an event.
func (v *Values) withoutEvent() error {
	for _, name := range []string{"keep", "count", "namespace", "context", "kubeconfig"} {
		if v.set.Changed(name) {
			return &misuse.Error{Problem: "--" + name + ": no change in a cluster was requested", Hint: "add --scale deployment/NAME=1 or --restart deployment/NAME"}
		}
	}
	return nil
}

// checkExtras refuses flags that belong to another event.
func (v *Values) checkExtras(e event) error {
	allowed := map[string]bool{}
	for _, name := range e.takes {
		allowed[name] = true
	}
	switch {
	case v.set.Changed("keep") && !allowed["keep"]:
		return fmt.Errorf("--keep: not with --%s: only --scale restores something that can be kept", e.flag)
	case v.set.Changed("count") && !allowed["count"]:
		return fmt.Errorf("--count: not with --%s: only with --delete-pod and --evict", e.flag)
	case v.set.Changed("count") && v.count < 1:
		return fmt.Errorf("--count %d: at least 1 pod is needed", v.count)
	}
	return nil
}

func (v *Values) scaling() (scenario.Action, error) {
	object, count, _ := strings.Cut(v.scale, "=")
	replicas, err := strconv.Atoi(count)
	if err != nil || replicas < 0 {
		return nil, &misuse.Error{Problem: fmt.Sprintf("--scale %q: want KIND/NAME=REPLICAS", v.scale), Hint: "--scale deployment/gateway=1"}
	}
	ref, err := api.ParseRef(object)
	if err != nil {
		return nil, fmt.Errorf("--scale %w", err)
	}
	return &kube.Scale{Access: &v.access, Object: ref, Replicas: replicas, Keep: v.keep}, nil
}

func (v *Values) restarting() (scenario.Action, error) {
	ref, err := api.ParseRef(v.restart)
	if err != nil {
		return nil, fmt.Errorf("--restart %w", err)
	}
	return &kube.Restart{Access: &v.access, Object: ref}, nil
}

func (v *Values) deleting() (scenario.Action, error) {
	return &kube.Delete{Access: &v.access, Selector: v.deletePod, Count: v.count, Alone: true}, checkSelector("--delete-pod", v.deletePod)
}

func (v *Values) evicting() (scenario.Action, error) {
	return &kube.Delete{Access: &v.access, Selector: v.evict, Evict: true, Count: v.count, Alone: true}, checkSelector("--evict", v.evict)
}

func (v *Values) draining() (scenario.Action, error) {
	if v.drainNode == "" || strings.Contains(v.drainNode, "/") {
		return nil, &misuse.Error{Problem: fmt.Sprintf("--drain-node %q: want the name of a node", v.drainNode), Hint: "kubectl get nodes lists them"}
	}
	return &kube.Drain{Access: &v.access, Node: v.drainNode, Alone: true}, nil
}

// checkSelector refuses what is no label selector.
func checkSelector(flag, written string) error {
	if strings.TrimSpace(written) == "" {
		return &misuse.Error{Problem: flag + ": no pods are selected", Hint: flag + " app=gateway"}
	}
	if _, err := labels.Parse(written); err != nil {
		return &misuse.Error{Problem: fmt.Sprintf("%s %q: not a label selector: %v", flag, written, err), Hint: flag + " app=gateway"}
	}
	return nil
}
