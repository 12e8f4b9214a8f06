package file

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/scenario"
	"nodrop/scenario/kube"
)

// clusters takes in the ways to clusters, by name. The first is meant where an
// action names none.
func (r *reader) clusters(n *yaml.Node) {
	if !r.is(n, yaml.MappingNode, "clusters") {
		return
	}
	r.pairs(n, func(name string, _, value *yaml.Node) {
		a := &kube.Access{}
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

// cluster finds one by its name.
func (r *reader) cluster(n *yaml.Node) *kube.Access {
	name := r.plain(n, "cluster")
	if a := r.access[name]; a != nil || name == "" {
		return a
	}
	r.fault(n, "cluster: there is no %q in clusters%s", name, r.didYouMean(name, slices.Sorted(maps.Keys(r.access))))
	return nil
}

// anyCluster is the one that is meant where none is named: kubectl's own, where
// the file has none.
func (r *reader) anyCluster() *kube.Access {
	if a := r.access[r.firstCluster]; a != nil {
		return a
	}
	r.access[""] = &kube.Access{}
	return r.access[""]
}

// kubeAction is what the keys of kube say, before it is known which action it is.
type kubeAction struct {
	verbs     []string // that were given
	object    kube.Ref
	text      string // of a verb that takes no object
	replicas  int
	keep      bool
	with      map[string]any
	patch     kube.Patching
	manifests []map[string]any
	pods      kube.Pods
	count     int
	grace     *int64
	until     string
	serves    string
	port      int
	timeout   time.Duration
	access    *kube.Access
	given     map[string]*yaml.Node
}

// kubeVerbs are what an action does, by the key that says so, with the keys that
// it takes beside those of all.
var kubeVerbs = map[string][]string{
	"scale":      {"replicas", "keep", "pods", "timeout"},
	"restart":    {"pods", "timeout"},
	"delete-pod": {"grace", "timeout"},
	"delete":     {"count", "grace", "timeout"}, // pods of a selector
	"patch":      {"with", "type"},
	"annotate":   {"with"},
	"apply":      {},
	"watch":      {"pods"},
	"wait":       {"for", "timeout"},
	"gone":       {"timeout"},
	"address":    {"port", "serves", "timeout"},
}

// kube takes in one action on a cluster.
func (r *reader) kube(n *yaml.Node, part string) scenario.Action {
	before := len(r.faults)
	a := &kubeAction{access: r.anyCluster(), given: map[string]*yaml.Node{}}
	r.mapping(n, "kube", slices.Concat(r.kubeVerbFields(a), r.kubeOptionFields(a)))
	verbs := slices.Sorted(maps.Keys(kubeVerbs))
	switch {
	case len(r.faults) > before:
		return &kube.Wait{}
	case len(a.verbs) != 1:
		r.fault(n, "kube needs one of %s", strings.Join(verbs, ", "))
		return &kube.Wait{}
	}
	verb := a.verbs[0]
	for _, name := range slices.Sorted(maps.Keys(a.given)) {
		if !slices.Contains(kubeVerbs[verb], name) {
			r.fault(a.given[name], "kube: %s has no %s", verb, name)
		}
	}
	if verb == "watch" && part != "setup" {
		r.fault(n, "watch: it watches from its place in setup to the end of the run, and has none in %s", part)
	}
	return r.kubeOf(n, verb, a)
}

// kubeVerbFields say what is done.
func (r *reader) kubeVerbFields(a *kubeAction) []field {
	object := func(verb string) field {
		return field{verb, func(n *yaml.Node) {
			a.verbs = append(a.verbs, verb)
			written := r.filled(n, verb)
			if written == "" {
				return
			}
			var err error
			if a.object, err = kube.ParseRef(written); err != nil {
				r.fault(n, "%s: %v", verb, err)
			}
		}}
	}
	plain := func(verb string) field {
		return field{verb, func(n *yaml.Node) {
			a.verbs = append(a.verbs, verb)
			a.text = r.filled(n, verb)
		}}
	}
	return []field{
		object("scale"), object("restart"), object("patch"), object("annotate"), object("watch"), object("wait"),
		plain("delete-pod"), plain("delete"), plain("gone"), plain("address"),
		{"apply", func(n *yaml.Node) {
			a.verbs = append(a.verbs, "apply")
			if n.Kind != yaml.SequenceNode {
				a.text = r.filled(n, "apply")
				return
			}
			if a.manifests = r.objects(n, "apply"); len(n.Content) == 0 {
				r.fault(n, "apply: there is no manifest in it")
			}
		}},
	}
}

// kubeOptionFields say how.
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
				a.access = found
			}
		}},
		option("timeout", func(n *yaml.Node) { a.timeout = r.duration(n, "timeout", time.Millisecond) }),
		option("replicas", func(n *yaml.Node) { a.replicas = r.number(n, "replicas", 0, 10000) }),
		option("keep", func(n *yaml.Node) { a.keep = r.boolean(n, "keep") }),
		option("with", func(n *yaml.Node) {
			if n.Kind == yaml.SequenceNode {
				a.patch.Operations = r.objects(n, "with")
				return
			}
			a.with = r.object(n, "with")
		}),
		option("type", func(n *yaml.Node) {
			var err error
			if a.patch.Type, err = kube.ParsePatchType(r.plain(n, "type")); err != nil {
				r.fault(n, "type: %v", err)
			}
		}),
		option("pods", func(n *yaml.Node) { a.pods = r.pods(n) }),
		option("count", func(n *yaml.Node) { a.count = r.number(n, "count", 1, 10000) }),
		option("grace", func(n *yaml.Node) {
			grace := r.duration(n, "grace", 0)
			if grace%time.Second != 0 {
				r.fault(n, "grace: %v: it is whole seconds", grace)
			}
			seconds := int64(grace / time.Second)
			a.grace = &seconds
		}),
		option("for", func(n *yaml.Node) { a.until = r.filled(n, "for") }),
		option("serves", func(n *yaml.Node) {
			if a.serves = r.filled(n, "serves"); a.serves != "" && !strings.HasPrefix(a.serves, "/") {
				r.fault(n, "serves: %q is no path: it begins with /", a.serves)
			}
		}),
		option("port", func(n *yaml.Node) { a.port = r.number(n, "port", 1, 65535) }),
	}
}

// kubeOf makes the action of a verb.
func (r *reader) kubeOf(n *yaml.Node, verb string, a *kubeAction) scenario.Action {
	needs := func(name string) {
		if a.given[name] == nil {
			r.fault(n, "kube: %s needs %s", verb, name)
		}
	}
	switch verb {
	case "scale":
		needs("replicas")
		return &kube.Scale{Access: a.access, Object: a.object, Replicas: a.replicas, Keep: a.keep, Pods: a.pods, Timeout: a.timeout}
	case "restart":
		return &kube.Restart{Access: a.access, Object: a.object, Pods: a.pods, Timeout: a.timeout}
	case "delete-pod":
		return &kube.Delete{Access: a.access, Pod: a.text, Grace: a.grace, Timeout: a.timeout}
	case "delete":
		return &kube.Delete{Access: a.access, Selector: a.text, Count: a.count, Grace: a.grace, Timeout: a.timeout}
	case "patch":
		needs("with")
		return &kube.Patch{Access: a.access, Object: a.object, Patch: r.patching(a)}
	case "annotate":
		needs("with")
		r.checkAnnotations(a)
		return kube.Annotate(a.access, a.object, a.with)
	case "apply":
		for i, manifest := range a.manifests {
			if err := kube.CheckManifest(manifest); err != nil {
				r.fault(n, "apply: manifest %d: %v", i+1, err)
			}
		}
		return &kube.Apply{Access: a.access, File: a.text, Manifests: a.manifests}
	case "watch":
		return &kube.Watch{Targets: []kube.Target{{Access: a.access, Object: a.object, Pods: a.pods}}}
	case "gone":
		return &kube.Wait{Access: a.access, Gone: a.text, Timeout: a.timeout}
	case "address":
		return &kube.Address{Access: a.access, Service: a.text, Port: a.port, Serves: a.serves, Host: r.target.Host, Secure: r.target.Scheme == "https", Timeout: a.timeout}
	default:
		needs("for")
		return r.kubeWait(n, a)
	}
}

// checkAnnotations refuses what the API server would.
func (r *reader) checkAnnotations(a *kubeAction) {
	n := a.given["with"]
	switch {
	case n == nil:
	case n.Kind == yaml.SequenceNode:
		r.fault(n, "with: annotations are a mapping")
	case len(a.with) == 0:
		r.fault(n, "with: it changes nothing")
	}
	for _, name := range slices.Sorted(maps.Keys(a.with)) {
		if _, isText := a.with[name].(string); !isText && a.with[name] != nil {
			r.fault(n, "with: %s: %v is no text: quote it", name, a.with[name])
		}
	}
}

// patching is the patch of with and type.
func (r *reader) patching(a *kubeAction) kube.Patching {
	a.patch.Fields = a.with
	if err := a.patch.Check(); err != nil && a.given["with"] != nil {
		r.fault(a.given["with"], "with: %v", err)
	}
	return a.patch
}

// kubeWait reads what is waited for, as kubectl's --for has it.
func (r *reader) kubeWait(n *yaml.Node, a *kubeAction) scenario.Action {
	w := &kube.Wait{Access: a.access, Object: a.object, Timeout: a.timeout}
	kind, what, _ := strings.Cut(a.until, "=")
	switch {
	case a.until == "rollout":
		w.Rollout = true
	case kind == "condition" && what != "":
		w.Condition, w.Status, _ = strings.Cut(what, "=")
	case kind == "endpoints":
		var err error
		if w.Endpoints, err = strconv.Atoi(what); err != nil || w.Endpoints < 1 {
			r.fault(n, "for: endpoints=%s: want a number from 1", what)
		}
	default:
		if a.until != "" {
			r.fault(n, "for: %q is not rollout, condition=TYPE, condition=TYPE=STATUS or endpoints=N", a.until)
		}
	}
	return w
}

// pods takes in which pods an object has.
func (r *reader) pods(n *yaml.Node) kube.Pods {
	var p kube.Pods
	r.mapping(n, "pods", []field{
		{"cluster", func(n *yaml.Node) { p.Access = r.cluster(n) }},
		{"selector", func(n *yaml.Node) { p.Selector = r.plain(n, "selector") }},
	})
	return p
}

// object takes in a mapping of anything, as it is but for variables.
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

// asJSON makes of names and of dates the texts that they are in JSON, which is what
// is sent.
func asJSON(n *yaml.Node) {
	for i, child := range n.Content {
		named := n.Kind == yaml.MappingNode && i%2 == 0
		if child.Kind == yaml.ScalarNode && (named && child.ShortTag() != "!!merge" || child.ShortTag() == "!!timestamp") {
			child.Tag = "!!str"
		}
		asJSON(child)
	}
}

// objects takes in a list of mappings.
func (r *reader) objects(n *yaml.Node, what string) []map[string]any {
	var list []map[string]any
	r.list(n, what, func(n *yaml.Node) {
		if one := r.object(n, what); one != nil {
			list = append(list, one)
		}
	})
	return list
}

// fill puts variables into the texts of a value.
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

// asm turns graceful shutdown of ASM's IstioGateway on or off.
func (r *reader) asm(n *yaml.Node, part string) *kube.Graceful {
	if part == "timeline" {
		r.fault(n, "asm: from ASM 1.26 it restarts the gateway: it belongs in setup, between runs")
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
				return // it is found
			}
			var err error
			if g.Version, err = kube.ParseASMVersion(written); err != nil {
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
		if err := kube.CheckDrain(g.Drain, g.Version); err != nil {
			r.fault(n, "graceful: %v", err)
		}
	}
	return g
}
