package file

import (
	"maps"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/scenario"
	"nodrop/scenario/kube"
	"nodrop/scenario/kube/api"
	"nodrop/scenario/kube/asm"
)

// clusters reads how to access each cluster, by name. The first is the default
// for actions that name none.
func (r *reader) clusters(n *yaml.Node) {
	if !r.is(n, yaml.MappingNode, "clusters") {
		return
	}
	r.pairs(n, func(name string, _, value *yaml.Node) {
		a := &api.Access{}
		r.mapping(value, "cluster "+name, []field{
			{"kubeconfig", func(n *yaml.Node) { a.Kubeconfig = r.plain(n, "kubeconfig") }},
			{"context", func(n *yaml.Node) { a.Context = r.plain(n, "context") }},
			{"namespace", func(n *yaml.Node) { a.Namespace = r.plain(n, "namespace") }},
		})
		if r.firstCluster == "" {
			r.firstCluster = name
		}
		r.access[name] = a
	})
}

func (r *reader) cluster(n *yaml.Node) *api.Access {
	name := r.plain(n, "cluster")
	if a := r.access[name]; a != nil || name == "" {
		return a
	}
	r.fault(n, "cluster: there is no %q in clusters%s", name, r.didYouMean(name, slices.Sorted(maps.Keys(r.access))))
	return nil
}

// anyCluster returns the default cluster: the first in the file, or kubectl's
// default if the file has none.
func (r *reader) anyCluster() *api.Access {
	if a := r.access[r.firstCluster]; a != nil {
		return a
	}
	r.access[""] = &api.Access{}
	return r.access[""]
}

// kubeAction holds what the keys of a kube action say.
type kubeAction struct {
	kube.Settings
	verbs []kube.Verb // all verbs that were given
	given map[string]*yaml.Node
}

func (r *reader) kube(n *yaml.Node, part string) scenario.Action {
	before := len(r.faults)
	a := &kubeAction{given: map[string]*yaml.Node{}}
	a.Settings = kube.Settings{Part: part, Host: r.target.Host, Secure: r.target.Scheme == "https", Access: r.anyCluster()}
	a.Fault = func(key, format string, args ...any) {
		if at := a.given[key]; at != nil {
			r.fault(at, format, args...)
		} else if key == "" {
			r.fault(n, format, args...)
		}
	}
	r.mapping(n, "kube", slices.Concat(r.kubeVerbFields(a), r.kubeOptionFields(a)))
	switch {
	case len(r.faults) > before:
		return &kube.Wait{}
	case len(a.verbs) != 1:
		r.fault(n, "kube needs exactly one of %s", strings.Join(verbNames(), ", "))
		return &kube.Wait{}
	}
	verb := a.verbs[0]
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		if !slices.Contains(verb.Keys, name) {
			r.fault(a.given[name], "kube: %s does not accept %s", verb.Name, name)
		}
	}
	if verb.Needs != "" && a.given[verb.Needs] == nil {
		r.fault(n, "kube: %s needs %s", verb.Name, verb.Needs)
	}
	return verb.Make(&a.Settings)
}

func verbNames() []string {
	var names []string
	for _, verb := range kube.Verbs() {
		names = append(names, verb.Name)
	}
	slices.Sort(names)
	return names
}

// kubeVerbFields returns the fields that say what to do.
func (r *reader) kubeVerbFields(a *kubeAction) []field {
	var list []field
	for _, verb := range kube.Verbs() {
		list = append(list, field{verb.Name, func(n *yaml.Node) {
			a.verbs = append(a.verbs, verb)
			r.kubeSubject(n, verb, a)
		}})
	}
	return list
}

func (r *reader) kubeSubject(n *yaml.Node, verb kube.Verb, a *kubeAction) {
	if verb.Takes == kube.SomeObjects && n.Kind == yaml.SequenceNode {
		if a.Manifests = r.objects(n, verb.Name); len(n.Content) == 0 {
			r.fault(n, "%s: the list has no manifests", verb.Name)
		}
		return
	}
	written := r.filled(n, verb.Name)
	if verb.Takes != kube.AnObject || written == "" {
		a.Word = written
		return
	}
	var err error
	if a.Object, err = api.ParseRef(written); err != nil {
		r.fault(n, "%s: %v", verb.Name, err)
	}
}

// kubeOptionFields returns the fields that say how to do it.
func (r *reader) kubeOptionFields(a *kubeAction) []field {
	option := func(name string, take func(*yaml.Node)) field {
		return field{name, func(n *yaml.Node) {
			a.given[name] = n
			take(n)
		}}
	}
	return []field{
		{"cluster", func(n *yaml.Node) {
			if found := r.cluster(n); found != nil {
				a.Access = found
			}
		}},
		option("timeout", func(n *yaml.Node) { a.Timeout = r.duration(n, "timeout", time.Millisecond) }),
		option("replicas", func(n *yaml.Node) { a.Replicas = r.number(n, "replicas", 0, 10000) }),
		option("keep", func(n *yaml.Node) { a.Keep = r.boolean(n, "keep") }),
		option("with", func(n *yaml.Node) {
			if n.Kind == yaml.SequenceNode {
				a.Patch.Operations = append([]map[string]any{}, r.objects(n, "with")...) // an empty list must not be nil
				return
			}
			a.Patch.Fields = r.object(n, "with")
		}),
		option("type", func(n *yaml.Node) {
			var err error
			if a.Patch.Type, err = api.ParsePatchType(r.plain(n, "type")); err != nil {
				r.fault(n, "type: %v", err)
			}
		}),
		option("pods", func(n *yaml.Node) { a.Pods = r.pods(n) }),
		option("count", func(n *yaml.Node) { a.Count = r.number(n, "count", 1, 10000) }),
		option("grace", func(n *yaml.Node) { a.Grace = r.grace(n) }),
		option("for", func(n *yaml.Node) { a.Until = r.filled(n, "for") }),
		option("serves", func(n *yaml.Node) {
			if a.Serves = r.filled(n, "serves"); a.Serves != "" && !strings.HasPrefix(a.Serves, "/") {
				r.fault(n, "serves: %q: want a path that begins with /", a.Serves)
			}
		}),
		option("port", func(n *yaml.Node) { a.Port = r.number(n, "port", 1, 65535) }),
	}
}

// grace reads a pod's grace period, in whole seconds.
func (r *reader) grace(n *yaml.Node) *int64 {
	grace := r.duration(n, "grace", 0)
	if grace%time.Second != 0 {
		r.fault(n, "grace: %v: want whole seconds", grace)
	}
	seconds := int64(grace / time.Second)
	return &seconds
}

func (r *reader) pods(n *yaml.Node) api.Pods {
	var p api.Pods
	r.mapping(n, "pods", []field{
		{"cluster", func(n *yaml.Node) { p.Access = r.cluster(n) }},
		{"selector", func(n *yaml.Node) { p.Selector = r.plain(n, "selector") }},
	})
	return p
}

// object reads an arbitrary mapping and fills in its variables.
func (r *reader) object(n *yaml.Node, what string) map[string]any {
	if !r.is(n, yaml.MappingNode, what) {
		return nil
	}
	var value map[string]any
	asJSON(n)
	if err := n.Decode(&value); err != nil {
		r.fault(n, "%s: %v", what, err)
		return nil
	}
	filled, err := r.fill(value)
	if err != nil {
		r.fault(n, "%s: %v", what, err)
		return nil
	}
	return filled.(map[string]any)
}

// asJSON turns keys and dates into strings, as they are in JSON, which is what
// nodrop sends.
func asJSON(n *yaml.Node) {
	for i, child := range n.Content {
		named := n.Kind == yaml.MappingNode && i%2 == 0
		if child.Kind == yaml.ScalarNode && (named && child.ShortTag() != "!!merge" || child.ShortTag() == "!!timestamp") {
			child.Tag = "!!str"
		}
		asJSON(child)
	}
}

func (r *reader) objects(n *yaml.Node, what string) []map[string]any {
	var list []map[string]any
	r.list(n, what, func(n *yaml.Node) {
		if one := r.object(n, what); one != nil {
			list = append(list, one)
		}
	})
	return list
}

// fill replaces variables in the strings of a value.
func (r *reader) fill(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case string:
		w, err := r.expand(v)
		r.hideIn(w)
		return w.value(), err
	case []any:
		for i := range v {
			if v[i], err = r.fill(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for key := range v {
			if v[key], err = r.fill(v[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}

// asm reads the action that turns graceful shutdown of an ASM IstioGateway on
// or off.
func (r *reader) asm(n *yaml.Node, part string) *kube.Graceful {
	if part == "timeline" {
		r.fault(n, "asm: not allowed in the timeline: from ASM 1.26 it restarts the gateway; move it to setup")
	}
	before := len(r.faults)
	g := &kube.Graceful{Access: r.anyCluster()}
	told := false
	r.mapping(n, "asm", []field{
		{"gateway", func(n *yaml.Node) { g.Gateway = r.plain(n, "gateway") }},
		{"graceful", func(n *yaml.Node) {
			told = true
			if off := r.filled(n, "graceful"); off != "off" && off != "false" && off != "" {
				g.Drain = r.duration(n, "graceful", time.Second)
			}
		}},
		{"version", func(n *yaml.Node) {
			written := r.plain(n, "version")
			if written == "" {
				return // it is detected
			}
			var err error
			if g.Version, err = asm.ParseVersion(written); err != nil {
				r.fault(n, "version: %v", err)
			}
		}},
		{"cluster", func(n *yaml.Node) {
			if found := r.cluster(n); found != nil {
				g.Access = found
			}
		}},
		{"pods", func(n *yaml.Node) { g.Pods = r.pods(n) }},
		{"timeout", func(n *yaml.Node) { g.Timeout = r.duration(n, "timeout", time.Millisecond) }},
	})
	switch {
	case len(r.faults) > before:
	case g.Gateway == "":
		r.fault(n, "asm needs a gateway")
	case !told:
		r.fault(n, "asm needs graceful: a drain timeout such as 30s, or off")
	default:
		if err := asm.CheckDrain(g.Drain, g.Version); err != nil {
			r.fault(n, "graceful: %v", err)
		}
	}
	return g
}
