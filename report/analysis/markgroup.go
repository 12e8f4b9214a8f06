package analysis

import "nodrop/loadgen/record"

// MarkGroup is one step, or the same lifecycle mark of several endpoints.
type MarkGroup struct {
	Mark        record.Mark // the first of them
	First, Last int64       // ns
	Endpoints   []string
}

// GroupMarks puts marks of many endpoints together, in order of appearance.
func GroupMarks(marks []record.Mark) []MarkGroup {
	type key struct {
		kind          record.MarkKind
		err, shutdown string
	}
	var groups []MarkGroup
	places := map[key]int{} // indexes into groups, for marks of endpoints
	for _, m := range marks {
		k := key{kind: m.Kind, err: m.Error}
		if m.Shutdown != nil {
			k.shutdown = m.Shutdown.String()
		}
		i, known := places[k]
		if !known || m.Endpoint == "" {
			i = len(groups)
			groups = append(groups, MarkGroup{Mark: m, First: m.Start, Last: m.End})
		}
		if m.Endpoint != "" {
			places[k] = i
		}
		g := &groups[i]
		g.Last = max(g.Last, m.End)
		if m.Endpoint != "" {
			g.Endpoints = append(g.Endpoints, m.Endpoint)
		}
	}
	return groups
}
