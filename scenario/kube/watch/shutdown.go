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

func graceOf(o *unstructured.Unstructured) time.Duration {
	if s := o.GetDeletionGracePeriodSeconds(); s != nil {
		return time.Duration(*s) * time.Second
	}
	return time.Duration(api.Number(o.Object, "spec", "terminationGracePeriodSeconds")) * time.Second
}

// shutdownOf describes a pod's grace period and pre-stop hooks. It includes the
// hooks of all containers: which container serves is not known.
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

// containersOf returns the containers that run as long as the pod, including
// init containers with restartPolicy Always (sidecars, from Kubernetes 1.29).
func containersOf(pod map[string]any) []map[string]any {
	list := api.Items(pod, "spec", "containers")
	for _, container := range api.Items(pod, "spec", "initContainers") {
		if api.Text(container, "restartPolicy") == "Always" {
			list = append(list, container)
		}
	}
	return list
}

// statusesOf returns the statuses of the containers that containersOf returns.
func statusesOf(pod map[string]any) []map[string]any {
	list := api.Items(pod, "status", "containerStatuses")
	longRunning := map[string]bool{}
	for _, container := range containersOf(pod) {
		longRunning[api.Text(container, "name")] = true
	}
	for _, status := range api.Items(pod, "status", "initContainerStatuses") {
		if longRunning[api.Text(status, "name")] {
			list = append(list, status)
		}
	}
	return list
}

// hookText summarizes a pre-stop hook, which has exactly one action: "sleep 5s",
// "exec COMMAND" or "GET PATH"; any other action by its name in the API.
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

// maxHook bounds the summary of a hook, in runes.
const maxHook = 60
