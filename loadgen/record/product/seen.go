package product

import (
	"slices"
	"strings"

	"nodrop/loadgen/record"
)

// Seen returns the products that a run shows, in the order of the table: those
// that its recording names, those that sent its unexpected responses, and those
// that its marks come from. If the recording names the gateway, responses may
// come from a server behind it, and show nothing.
func Seen(run *record.Run) []string {
	list := slices.Clip(run.Products) // so that the run stays as it is
	if name, _, _ := strings.Cut(run.Gateway, " "); name != "" {
		list = Add(list, name)
		if len(run.Products) == 0 { // recorded before runs had Products, when only the lab named a gateway
			list = Add(list, Lab)
		}
	}
	for i := range run.Responses {
		if run.Gateway == "" {
			list = Add(list, inResponse(&run.Responses[i])...)
		}
	}
	for i := range run.Marks {
		list = Add(list, inMark(&run.Marks[i])...)
	}
	return Sort(list)
}

// inResponse returns the products that sent, or passed on, an unexpected
// response.
func inResponse(a *record.ErrorResponse) []string {
	list := Add(InField(a.Server), naming(a.Body, func(p *row) []string { return p.pages })...)
	for _, field := range a.Fields {
		switch name, value, _ := strings.Cut(field, ":"); {
		case name == "via":
			list = Add(list, InField(value)...)
		case strings.HasPrefix(name, "x-envoy-"):
			list = Add(list, Envoy)
		}
	}
	return list
}

// inMark returns the products that a mark comes from: only a control plane lists
// endpoints as not ready, and steps are named after their commands.
func inMark(m *record.Mark) []string {
	switch m.Kind {
	case record.MarkNotReady, record.MarkEndpointGoes, record.MarkEndpointDropped:
		return []string{Kubernetes}
	case record.MarkStep:
		return InCommand(m.Name)
	default:
		return nil
	}
}
