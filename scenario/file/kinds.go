package file

import _ "embed"

// Kind is a scenario template.
type Kind struct {
	Name  string
	Short string // one-line description
	Text  string // content of the file
}

//go:embed kinds/process.yaml
var processKind string

//go:embed kinds/exec.yaml
var execKind string

//go:embed kinds/nginx.yaml
var nginxKind string

//go:embed kinds/lab.yaml
var labKind string

//go:embed kinds/envoy.yaml
var envoyKind string

//go:embed kinds/haproxy.yaml
var haproxyKind string

//go:embed kinds/caddy.yaml
var caddyKind string

//go:embed kinds/kube.yaml
var kubeKind string

//go:embed kinds/asm.yaml
var asmKind string

// Kinds returns the scenario templates. Each can be run unchanged.
func Kinds() []Kind {
	return []Kind{
		{"lab", "a fleet of gateways on this machine, stopped in three ways under three loads", labKind},
		{"process", "a server that replaces its workers, abruptly and gracefully", processKind},
		{"kube", "a gateway in Kubernetes, scaled in under load without and with a pre-stop hook", kubeKind},
		{"asm", "an ASM gateway, scaled in under load with graceful shutdown off and on", asmKind},
		{"exec", "any command, and the one that undoes it", execKind},
		{"envoy", "Envoy, replaced by a second instance in two ways under three loads", envoyKind},
		{"haproxy", "HAProxy, replaced by a second instance in two ways under three loads", haproxyKind},
		{"caddy", "Caddy, replaced by a second instance in two ways under three loads", caddyKind},
		{"nginx", "nginx, stopped in two ways under three loads", nginxKind},
	}
}
