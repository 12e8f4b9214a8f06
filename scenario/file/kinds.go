package file

import "embed"

// Kind is a scenario template.
type Kind struct {
	Name  string
	Short string // one-line description
}

// SchemaFile is the file, beside a scenario file, from which an editor reads the
// schema: it works without a network.
const SchemaFile = "nodrop-scenario.schema.json"

// modeline is the first line of a template. The YAML language server, which is
// what most editors use, reads it.
const modeline = "# yaml-language-server: $schema=" + SchemaFile + "\n"

//go:embed kinds/*.yaml
var kinds embed.FS

// Kinds returns the scenario templates.
func Kinds() []Kind {
	return []Kind{
		{Name: "lab", Short: "a fleet of gateways on this machine, stopped in three ways under three loads"},
		{Name: "process", Short: "a server that replaces its workers, abruptly and gracefully"},
		{Name: "kube", Short: "a gateway in Kubernetes, scaled in under load without and with a pre-stop hook"},
		{Name: "asm", Short: "an ASM gateway, scaled in under load with graceful shutdown off and on"},
		{Name: "exec", Short: "any command, and the one that undoes it"},
		{Name: "envoy", Short: "Envoy, restarted abruptly and hot-restarted under three loads"},
		{Name: "haproxy", Short: "HAProxy, restarted abruptly and reloaded under three loads"},
		{Name: "caddy", Short: "Caddy, restarted abruptly and reloaded under three loads"},
		{Name: "nginx", Short: "nginx, restarted abruptly and reloaded under two loads"},
	}
}

// Text returns the content of the file.
func (k Kind) Text() string {
	text, err := kinds.ReadFile("kinds/" + k.Name + ".yaml")
	if err != nil {
		panic(err) // the file is missing in the source
	}
	return modeline + string(text)
}
