package file

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// setting is one key of a load and the command-line flag that it sets.
type setting struct {
	name, flag string
	kind       settingKind
}

type settingKind int

const (
	value    settingKind = iota // in the flag's own syntax
	yes                         // true or false; true sets the flag
	no                          // true or false; false sets the flag
	repeated                    // a list; the flag is set once for each item
	fields                      // name: value; the flag is set once for each
)

// settings lists all keys of a load except url.
var settings = []setting{
	{"requests", "n", value},
	{"connections", "c", value},
	{"rate", "q", value},
	{"duration", "z", value},
	{"timeout", "t", value},
	{"connect-timeout", "connect-timeout", value},
	{"keep-alive", "disable-keepalive", no},
	{"compression", "disable-compression", no},
	{"redirects", "disable-redirects", no},
	{"method", "m", value},
	{"headers", "H", fields},
	{"host", "host", value},
	{"body", "d", value},
	{"body-file", "D", value},
	{"content-type", "T", value},
	{"auth", "a", value},
	{"proxy", "x", value},
	{"ok", "ok", value},
	{"max-body", "max-body", value},
	{"endpoint-header", "endpoint-header", value},
	{"connect-to", "connect-to", repeated},
	{"source", "source", value},
	{"unix-socket", "unix-socket", value},
	{"dns", "dns", value},
	{"engine", "engine", value},
	{"cpus", "cpus", value},
	{"trace-lost", "trace-lost", value},
	{"insecure", "insecure", yes},
	{"cacert", "cacert", value},
	{"cert", "cert", value},
	{"key", "key", value},
	{"sni", "sni", value},
	{"tls-min", "tls-min", value},
}

// streams reads one load or several. Several are a mapping by name whose values
// are all mappings, or a list, whose loads get generated names.
func (r *reader) streams(n *yaml.Node, target written) []scenario.Stream {
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
// headers may be a mapping, too.
func named(n *yaml.Node) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i+1].Kind == yaml.MappingNode && n.Content[i].Value != "headers" {
			return true
		}
	}
	return false
}

// load reads the settings of one load. They are validated like the flags.
func (r *reader) load(n *yaml.Node, what string, target written) loadgen.Config {
	fs := pflag.NewFlagSet("load", pflag.ContinueOnError)
	flags := loadgen.Flags(fs)
	url := target
	list := []field{{"url", func(n *yaml.Node) { url = r.written(n, "url") }}}
	for _, s := range settings {
		list = append(list, field{s.name, func(n *yaml.Node) { r.setting(fs, s, n) }})
	}
	before := len(r.faults)
	r.mapping(n, what, list)
	if len(r.faults) > before {
		return loadgen.Config{}
	}
	if url.value() == "" {
		r.fault(n, "%s has no url, and there is no target", what)
		return loadgen.Config{}
	}
	cfg, err := flags.Config(url.value())
	if err != nil {
		r.fault(n, "%s: %s", what, inKeys(err.Error()))
	}
	cfg.ShownURL, cfg.Secrets = url.shown(), r.secrets
	return cfg
}

func (r *reader) setting(fs *pflag.FlagSet, s setting, n *yaml.Node) {
	set := func(at *yaml.Node, text string) {
		if err := fs.Set(s.flag, text); err != nil {
			r.fault(at, "%s: %q is not %s", s.name, text, wanted(fs.Lookup(s.flag).Value.Type()))
		}
	}
	switch s.kind {
	case yes:
		if r.boolean(n, s.name) {
			set(n, "true")
		}
	case no:
		if !r.boolean(n, s.name) {
			set(n, "true")
		}
	case repeated:
		r.list(n, s.name, func(item *yaml.Node) { set(item, r.text(item, s.name)) })
	case fields:
		if r.is(n, yaml.MappingNode, s.name) {
			r.pairs(n, func(key string, _, v *yaml.Node) { set(v, key+": "+r.text(v, s.name)) })
		}
	default:
		if text := r.text(n, s.name); text != "" {
			set(n, text)
		}
	}
}

func wanted(kind string) string {
	switch kind {
	case "int", "int64", "float64":
		return "a number"
	case "duration", "seconds":
		return "a time, such as 500ms, 5s or 2m"
	}
	return "what it takes"
}

// inKeys replaces the flags that an error mentions with the keys of the file.
func inKeys(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		name := strings.TrimRight(word, ":,")
		at := slices.IndexFunc(settings, func(s setting) bool { return name == "-"+s.flag || name == "--"+s.flag })
		if at >= 0 {
			words[i] = settings[at].name + word[len(name):]
		}
	}
	return strings.Join(words, " ")
}
