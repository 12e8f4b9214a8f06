package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"nodrop/loadgen/record"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// graceOf is how long a pod on its way out has.
func graceOf(o *unstructured.Unstructured) time.Duration {
	if s := o.GetDeletionGracePeriodSeconds(); s != nil {
		return time.Duration(*s) * time.Second
	}
	return time.Duration(api.Number(o.Object, "spec", "terminationGracePeriodSeconds")) * time.Second
}

// shutdownOf is what a pod has before it is gone. A pre-stop hook of any of its
// containers counts: which one serves is not known.
func shutdownOf(o *unstructured.Unstructured) *record.Shutdown {
	s := &record.Shutdown{Grace: graceOf(o).Nanoseconds()}
	var hooks []string
	for _, container := range containersOf(o.Object) {
		hook, _ := api.At(container, "lifecycle", "preStop")
		if text := hookText(hook); text != "" && !slices.Contains(hooks, text) {
			hooks = append(hooks, text)
		}
	}
	s.PreStop = strings.Join(hooks, ", ")
	return s
}

// containersOf are those of a pod that run as long as it does: among its init
// containers, those that are restarted always (sidecars, from Kubernetes 1.29).
func containersOf(pod map[string]any) []map[string]any {
	list := api.Items(pod, "spec", "containers")
	for _, container := range api.Items(pod, "spec", "initContainers") {
		if api.Text(container, "restartPolicy") == "Always" {
			list = append(list, container)
		}
	}
	return list
}

// statusesOf are those of the same containers.
func statusesOf(pod map[string]any) []map[string]any {
	list := api.Items(pod, "status", "containerStatuses")
	beside := map[string]bool{}
	for _, container := range containersOf(pod) {
		beside[api.Text(container, "name")] = true
	}
	for _, status := range api.Items(pod, "status", "initContainerStatuses") {
		if beside[api.Text(status, "name")] {
			list = append(list, status)
		}
	}
	return list
}

// hookText is a pre-stop hook in a few words: what it does, by the API's names.
func hookText(hook any) string {
	fields, _ := hook.(map[string]any)
	for name, value := range fields {
		action, _ := value.(map[string]any)
		switch name {
		case "sleep":
			return fmt.Sprintf("sleep %ds", api.Number(action, "seconds"))
		case "exec":
			command, _ := api.At(action, "command")
			words, _ := command.([]any)
			return scenario.Cut("exec "+strings.TrimSpace(fmt.Sprintln(words...)), maxHook)
		case "httpGet":
			return scenario.Cut("GET "+api.Text(action, "path"), maxHook)
		default:
			return name
		}
	}
	return ""
}

// maxHook bounds what is told of a hook's command, in runes.
const maxHook = 60
