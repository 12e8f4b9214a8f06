package main

import (
	"os"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// environment gives a container's variables. Like a kubelet's, they are
// expanded in order, each from those before it.
func (p *pod) environment(variables []corev1.EnvVar) map[string]string {
	env := map[string]string{
		"PATH":     os.Getenv("PATH"),
		"HOME":     os.Getenv("HOME"),
		"HOSTNAME": p.spec.Name,
		"POD_IP":   p.address,
	}
	for _, v := range variables {
		env[v.Name] = p.valueOf(v, env)
	}
	return env
}

func (p *pod) valueOf(v corev1.EnvVar, env map[string]string) string {
	if v.ValueFrom == nil || v.ValueFrom.FieldRef == nil {
		return expand(v.Value, env)
	}
	switch path := v.ValueFrom.FieldRef.FieldPath; path {
	case "status.podIP":
		return p.address
	case "status.hostIP":
		return p.host
	case "metadata.name":
		return p.spec.Name
	case "metadata.namespace":
		return p.spec.Namespace
	case "metadata.uid":
		return string(p.spec.UID)
	case "spec.nodeName":
		return p.spec.Spec.NodeName
	default:
		return quoted(p.spec, path)
	}
}

// quoted reads a path such as metadata.labels['app'].
func quoted(spec *corev1.Pod, path string) string {
	field, rest, _ := strings.Cut(path, "['")
	key := strings.TrimSuffix(rest, "']")
	switch field {
	case "metadata.labels":
		return spec.Labels[key]
	case "metadata.annotations":
		return spec.Annotations[key]
	}
	return ""
}

// expand replaces $(NAME) in text. $$ stands for $, and a name that is not
// known stays as it is.
func expand(text string, env map[string]string) string {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		value, length := reference(after, env)
		out.WriteString(value)
		text = after[length:]
	}
}

// reference reads what follows a $, and says how long it is.
func reference(text string, env map[string]string) (value string, length int) {
	if strings.HasPrefix(text, "$") {
		return "$", 1
	}
	end := strings.Index(text, ")")
	if !strings.HasPrefix(text, "(") || end < 0 {
		return "$", 0
	}
	if value, ok := env[text[1:end]]; ok {
		return value, end + 1
	}
	return "$" + text[:end+1], end + 1
}

func assignments(env map[string]string) []string {
	var list []string
	for _, name := range sortedKeys(env) {
		list = append(list, name+"="+env[name])
	}
	return list
}
