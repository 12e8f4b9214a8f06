package file

import (
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// address is a URL, and where the file has it.
type address struct {
	written
	key string // target, or url
	at  *yaml.Node
}

// streams reads one load or several. Several are a mapping by name whose values
// are all mappings, or a list, whose loads get generated names.
func (r *reader) streams(n *yaml.Node, target address) []scenario.Stream {
	if n.Kind != yaml.SequenceNode {
		if !r.is(n, yaml.MappingNode, "load") {
			return nil
		}
		if !named(n) {
			return []scenario.Stream{{Load: r.load(n, "load", target)}}
		}
	}
	if loads := countLoads(n); loads < 1 || loads > maxStreams {
		r.fault(n, "%d loads side by side; want 1 to %d", loads, maxStreams)
		return nil
	}
	var list []scenario.Stream
	if n.Kind == yaml.SequenceNode {
		for i, item := range n.Content {
			list = append(list, scenario.Stream{Load: r.load(item, fmt.Sprintf("load %d", i+1), target)})
		}
	} else {
		r.pairs(n, func(name string, _, value *yaml.Node) {
			list = append(list, scenario.Stream{Name: name, Load: r.load(value, "load "+name, target)})
		})
	}
	scenario.NameStreams(list)
	return list
}

func countLoads(n *yaml.Node) int {
	if n.Kind == yaml.SequenceNode {
		return len(n.Content)
	}
	return len(n.Content) / 2
}

// named distinguishes loads by name from the settings of a single load, where
// headers and expect-header may be mappings, too.
func named(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Kind == yaml.MappingNode && n.Content[i].Value != "headers" && n.Content[i].Value != "expect-header" {
			return true
		}
	}
	return false
}

// load reads the settings of one load, which goes to target unless it has a url.
func (r *reader) load(n *yaml.Node, what string, target address) loadgen.Config {
	l := loadReader{reader: r, node: n, what: what, url: target, options: loadgen.DefaultOptions(), at: map[loadgen.Option]*yaml.Node{}}
	list := []field{{"url", func(n *yaml.Node) { l.url = address{r.written(n, "url"), "url", n} }}}
	for _, s := range settings(&l.options) {
		list = append(list, field{s.key, func(n *yaml.Node) { l.set(s, n) }})
	}
	before := len(r.faults)
	r.mapping(n, what, list)
	if len(r.faults) > before {
		return loadgen.Config{}
	}
	if l.url.value() == "" {
		r.fault(n, "%s has no url, and there is no target", what)
		return loadgen.Config{}
	}
	cfg, err := l.options.Config(l.url.value())
	if err != nil {
		l.refuse(err)
	}
	cfg.ShownURL, cfg.Secrets = l.url.shown(), r.secrets
	return cfg
}

// loadReader reads one load.
type loadReader struct {
	*reader
	node    *yaml.Node
	what    string // what faults call the load
	url     address
	options loadgen.Options
	at      map[loadgen.Option]*yaml.Node // values of the options that the file has
}

func (l *loadReader) set(s setting, n *yaml.Node) {
	l.at[s.option] = n
	if s.set(l.reader, s.key, n) {
		l.options.Given = append(l.options.Given, s.option)
	}
}

// refuse records what is wrong with the load, at the option that it is about if
// the file has it.
func (l *loadReader) refuse(err error) {
	l.hideAll(l.node, maxNodes) // the text may have values of other options, too
	wrong, ok := errors.AsType[*loadgen.OptionError](err)
	if !ok {
		l.fault(l.node, "%s: %v", l.what, err)
		return
	}
	text := wrong.Problem(l.key)
	l.at[loadgen.OptionURL] = l.url.at
	for _, option := range wrong.Options() {
		if at, ok := l.at[option]; ok {
			l.fault(at, "%s", text)
			return
		}
	}
	l.fault(l.node, "%s: %s", l.what, text)
}

// key is what the file calls an option.
func (l *loadReader) key(option loadgen.Option) string {
	if option == loadgen.OptionURL {
		return l.url.key
	}
	return keyOf(option)
}
