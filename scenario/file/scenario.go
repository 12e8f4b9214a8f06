package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/kube"
)

const (
	maxVariants = 20
	maxStreams  = 20
)

// parts holds the nodes whose meaning depends on the variant or on other parts
// of the file.
type parts struct {
	target, load, variants         *yaml.Node
	setup, gate, timeline, restore *yaml.Node
}

func keep(to **yaml.Node) func(*yaml.Node) { return func(n *yaml.Node) { *to = n } }

func (r *reader) scenario(root *yaml.Node) *scenario.Scenario {
	s := &scenario.Scenario{Repeat: 1}
	if !r.is(root, yaml.MappingNode, "a scenario") {
		return s
	}
	var p parts
	var vars, clusters, search, repeat *yaml.Node
	r.defaults = map[string]variable{}
	r.mapping(root, "a scenario", []field{
		{"name", func(n *yaml.Node) { s.Name = r.written(n, "name").shown() }},
		{"target", keep(&p.target)},
		{"load", keep(&p.load)},
		{"settle", func(n *yaml.Node) { s.Settle = r.duration(n, "settle", 0) }},
		{"repeat", keep(&repeat)},
		{"search", keep(&search)},
		{"vars", keep(&vars)},
		{"clusters", keep(&clusters)},
		{"setup", keep(&p.setup)},
		{"gate", keep(&p.gate)},
		{"variants", keep(&p.variants)},
		{"timeline", keep(&p.timeline)},
		{"restore", keep(&p.restore)},
	})
	if repeat != nil {
		s.Repeat = r.number(repeat, "repeat", 1, scenario.MaxRepeat)
	}
	r.searchOf(search, repeat)
	if vars != nil {
		r.defaults = r.variables(vars, "vars")
	}
	if clusters != nil {
		r.clusters(clusters)
	}
	if r.tooMany(root, p) {
		return s
	}
	var target address
	if p.target != nil {
		target = address{r.written(p.target, "target"), "target", p.target}
		r.defaults["TARGET"] = variable{value: target.value(), shown: target.shown()}
	}
	if p.load == nil {
		r.fault(root, "a scenario needs a load")
	} else {
		s.Streams = r.streams(p.load, target)
		if len(s.Streams) > 0 {
			r.target = asked(&s.Streams[0].Load)
		}
	}
	s.Variants = r.variants(root, p, s.Streams)
	r.unused(root)
	if r.options.Repeat > 0 {
		s.Repeat = r.options.Repeat
	}
	s.Secrets = r.secrets
	return s
}

// asked returns the scheme and host that a load's requests name.
func asked(c *loadgen.Config) url.URL {
	u, err := url.Parse(c.URL)
	if err != nil { // already reported as a fault
		return url.URL{}
	}
	return url.URL{Scheme: u.Scheme, Host: cmp.Or(c.Host, u.Host)}
}

func (r *reader) variables(n *yaml.Node, what string) map[string]variable {
	vars := map[string]variable{}
	if r.is(n, yaml.MappingNode, what) {
		r.pairs(n, func(key string, at, value *yaml.Node) {
			vars[key] = r.own(key, r.written(value, what+"."+key))
			r.declared = append(r.declared, at)
		})
	}
	return vars
}

// tooMany rejects an oversized file before any of it is built.
func (r *reader) tooMany(root *yaml.Node, p parts) bool {
	n := 0
	lists := []*yaml.Node{p.setup, p.gate, p.timeline, p.restore}
	if p.variants != nil && p.variants.Kind == yaml.MappingNode {
		if v := len(p.variants.Content) / 2; v > maxVariants {
			r.fault(p.variants, "%d variants; want 1 to %d", v, maxVariants)
			return true
		}
		for i := 1; i < len(p.variants.Content); i += 2 {
			lists = append(lists, p.variants.Content[i].Content...) // includes setup and restore
		}
	}
	for _, list := range lists {
		if list != nil && list.Kind == yaml.SequenceNode {
			n += len(list.Content)
		}
	}
	if n > maxSteps {
		r.fault(root, "%d steps; want at most %d", n, maxSteps)
	}
	return n > maxSteps
}

// unused rejects variables that nothing uses: a misspelled name would leave the
// intended variable unchanged.
func (r *reader) unused(root *yaml.Node) {
	for _, at := range r.declared {
		if !r.used[at.Value] {
			r.fault(at, "nothing uses ${%s}", at.Value)
		}
	}
	if r.search != nil && !r.used[r.search.Var] {
		r.searchFault(root, "nothing uses ${%s}", r.search.Var)
	}
	for _, name := range slices.Sorted(maps.Keys(r.options.Set)) {
		if !r.used[name] {
			r.fault(root, "--set %s: nothing uses ${%s}", name, name)
		}
	}
}

// variants reads all variants and returns those that were selected. A file
// without variants has a single unnamed one.
func (r *reader) variants(root *yaml.Node, p parts, streams []scenario.Stream) []scenario.Variant {
	var list []scenario.Variant
	if p.variants == nil {
		list = append(list, r.variant("", root, nil, p, streams))
	} else if r.is(p.variants, yaml.MappingNode, "variants") {
		r.pairs(p.variants, func(name string, at, value *yaml.Node) {
			list = append(list, r.variant(name, at, value, p, streams))
		})
		if len(list) == 0 {
			r.fault(p.variants, "0 variants; want 1 to %d", maxVariants)
		}
	}
	var names []string
	for _, v := range list {
		names = append(names, v.Name)
	}
	for _, name := range r.options.Variants {
		if !slices.Contains(names, name) {
			at := p.variants
			if at == nil {
				at = root
			}
			r.fault(at, "there is no variant %q%s", name, r.didYouMean(name, names))
		}
	}
	if len(r.options.Variants) > 0 {
		list = slices.DeleteFunc(list, func(v scenario.Variant) bool { return !slices.Contains(r.options.Variants, v.Name) })
	}
	if r.search != nil {
		list = r.searched(root, list)
	}
	if len(list) > 0 {
		last := &list[len(list)-1]
		last.FailIf = append(last.FailIf, r.options.FailIf...)
	}
	kube.Prepare(list)
	return list
}

// variant reads one variant, together with the steps that all variants share. at
// is where it begins.
func (r *reader) variant(name string, at, n *yaml.Node, p parts, streams []scenario.Stream) scenario.Variant {
	v := scenario.Variant{Name: name}
	own := parts{}
	var set *yaml.Node
	if n != nil {
		r.mapping(n, "variant "+name, []field{
			{"set", keep(&set)},
			{"setup", keep(&own.setup)},
			{"timeline", keep(&own.timeline)},
			{"restore", keep(&own.restore)},
			{"expect", func(n *yaml.Node) { v.Expect = r.checks(n, "expect") }},
			{"require", func(n *yaml.Node) { v.Require = r.checks(n, "require") }},
			{"fail-if", func(n *yaml.Node) { v.FailIf = r.checks(n, "fail-if") }},
		})
	}
	r.set = nil
	if set != nil {
		r.set = r.variables(set, "set")
	}
	started := newStarted()
	for _, n := range []*yaml.Node{p.setup, own.setup} {
		v.Setup = append(v.Setup, r.actions(r.steps(n, "setup", started))...)
	}
	r.checkSpeech(started, streams)
	v.Gate = r.actions(r.steps(p.gate, "gate", started))
	v.Timeline = r.timeline(r.joined(name, at, p.timeline, own.timeline), streams, started)
	for _, n := range []*yaml.Node{own.restore, p.restore} {
		v.Restore = append(v.Restore, r.actions(r.steps(n, "restore", started))...)
	}
	r.set = nil
	return v
}

// actions returns the actions of steps outside the timeline, which set no
// marks.
func (r *reader) actions(steps []scenario.Step) []scenario.Action {
	var list []scenario.Action
	for _, step := range steps {
		list = append(list, step.Action)
	}
	return list
}

// labelled is an action whose errors begin with a name.
type labelled struct {
	scenario.Action
	name string
}

// Run runs the action.
func (l labelled) Run(ctx context.Context, env *scenario.Env) error {
	if err := l.Action.Run(ctx, env); err != nil {
		if said, ok := errors.AsType[*scenario.LogError](err); ok {
			said.Of = cmp.Or(said.Of, l.name)
		}
		return fmt.Errorf("%s: %w", l.name, err)
	}
	return nil
}

// Runs returns the command that the action runs: it names the products that it
// acts on.
func (l labelled) Runs() string {
	if r, ok := l.Action.(scenario.Runner); ok {
		return r.Runs()
	}
	return ""
}

// String returns the name and what the action does.
func (l labelled) String() string {
	if what := l.Action.String(); scenario.OneLine(what) != l.name {
		return l.name + " (" + what + ")"
	}
	return l.name
}

// Undoes describes what undoes the action.
func (l labelled) Undoes(acted bool) (what string, ends bool) {
	u, ok := l.Action.(scenario.Undoer)
	if !ok {
		return "", false
	}
	if what, ends = u.Undoes(acted); what != "" {
		what = l.name + " (" + what + ")"
	}
	return what, ends
}

// checks reads conditions in the syntax of --fail-if.
func (r *reader) checks(n *yaml.Node, what string) []string {
	var list []string
	r.list(n, what, func(item *yaml.Node) {
		text := r.text(item, what)
		if r.options.ParseCheck != nil && text != "" {
			if err := r.options.ParseCheck(text); err != nil {
				r.fault(item, "%s: %v", what, err)
			}
		}
		list = append(list, text)
	})
	return list
}

// joined returns the timeline that all variants share and the variant's own as
// one list; nil after a fault. at is where the variant begins.
func (r *reader) joined(name string, at, shared, own *yaml.Node) *yaml.Node {
	both := &yaml.Node{Kind: yaml.SequenceNode}
	for _, n := range []*yaml.Node{shared, own} {
		switch {
		case n == nil:
		case !r.is(n, yaml.SequenceNode, "timeline"):
			return nil
		case len(n.Content) == 0:
			r.fault(n, "the timeline has no steps")
			return nil
		default:
			both.Content = append(both.Content, n.Content...)
		}
	}
	switch {
	case len(both.Content) > 0:
		return both
	case name == "":
		r.fault(at, "a scenario needs a timeline")
	default:
		r.fault(at, "variant %s needs a timeline: its own, or one for all variants", name)
	}
	return nil
}

// timeline reads the steps that run beside the load. Each needs a time.
func (r *reader) timeline(n *yaml.Node, streams []scenario.Stream, started *started) []scenario.Step {
	steps := r.steps(n, "timeline", started)
	var names []string
	for _, step := range steps {
		names = append(names, step.Name)
	}
	for _, flaw := range scenario.Flaws(steps, streams) {
		at, step := n.Content[flaw.Step], &steps[flaw.Step]
		switch flaw.Why {
		case scenario.NoStep:
			r.fault(at, "after: there is no step %q%s", step.After, r.didYouMean(step.After, names))
		case scenario.NoStream:
			r.fault(at, "of: there is no load %q", step.Stream)
		default:
			r.fault(at, "step %s waits for itself", step.Name)
		}
	}
	for i := range steps {
		steps[i].Name, steps[i].After = r.shown(steps[i].Name), r.shown(steps[i].After)
	}
	return steps
}

// shown returns the name of a step for use in messages.
func (r *reader) shown(name string) string {
	if shown, ok := r.names[name]; ok {
		return shown
	}
	return name
}

// name reads the name of a step, and records how messages show it.
func (r *reader) name(n *yaml.Node, what string) string {
	w := r.written(n, what)
	name := w.value()
	if _, ok := r.names[name]; !ok {
		r.names[name] = w.shown()
	}
	return name
}

func (r *reader) steps(n *yaml.Node, part string, started *started) []scenario.Step {
	if n == nil {
		return nil
	}
	var list []scenario.Step
	seen := map[string]bool{}
	r.list(n, part, func(item *yaml.Node) {
		step := r.step(item, part, started)
		if step.Name != "" && seen[step.Name] {
			r.fault(item, "%s has two steps named %q: names must be unique", part, step.Name)
		}
		seen[step.Name] = true
		list = append(list, step)
	})
	return list
}

// after reads "STEP" or "STEP + 2s".
func (r *reader) after(n *yaml.Node) (step string, delay time.Duration) {
	text := r.plain(n, "after")
	step, wait, found := cutLast(text, " + ")
	if !found {
		return text, 0
	}
	delay, err := time.ParseDuration(strings.TrimSpace(wait))
	if err != nil || delay < 0 {
		r.fault(n, "after: %q is not a time, such as 500ms, 5s or 2m", wait)
	}
	return strings.TrimSpace(step), delay
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func (r *reader) at(n *yaml.Node) scenario.At {
	text := r.plain(n, "at")
	at, err := scenario.ParseAt(text)
	if err != nil && text != "" {
		r.fault(n, "at: %v", err)
	}
	return at
}
