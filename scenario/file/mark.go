package file

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/record"
	"nodrop/scenario/action"
	"nodrop/scenario/handmark"
)

// endpointMark reads a mark of what happens to an endpoint.
func (r *reader) endpointMark(n *yaml.Node, part string) action.Mark {
	var m action.Mark
	before := len(r.faults)
	r.mapping(n, "mark", []field{
		{"endpoint", func(n *yaml.Node) { m.Endpoint = r.endpointName(n) }},
		{"kind", func(n *yaml.Node) { m.Kind = r.markKind(n) }},
	})
	switch {
	case len(r.faults) > before:
	case m.Endpoint == "" || m.Kind == "":
		r.fault(n, "mark needs endpoint (an address or a name) and kind (%s)", strings.Join(handmark.KindNames(), ", "))
	case part == "restore":
		r.fault(n, "mark: not of an endpoint in restore: the load is over then")
	}
	return m
}

// endpointName reads the name or address of an endpoint, which the recording must
// spell alike.
func (r *reader) endpointName(n *yaml.Node) string {
	text := r.filled(n, "endpoint")
	if text == "" {
		return ""
	}
	name, err := handmark.EndpointName(text)
	if err != nil {
		r.fault(n, "endpoint: %v", err)
	}
	return name
}

func (r *reader) markKind(n *yaml.Node) record.MarkKind {
	text := r.filled(n, "kind")
	if text == "" {
		return ""
	}
	kind, ok := handmark.ParseKind(text)
	if !ok {
		r.fault(n, "kind: %q is not a kind of mark%s", text, r.didYouMean(text, handmark.KindNames()))
	}
	return kind
}
