package diagnosis

import (
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
)

// ofShape matches the error responses whose losses have a shape. Rules about
// these embed it.
type ofShape struct{ kind errorshape.Kind }

func (r ofShape) matches(s *observation, l *record.LostRequest) bool {
	return s.errors.KindOf(l) == r.kind
}

// statuses lists the statuses of the losses, the most frequent first.
func (e *evidence) statuses() string {
	var list []string
	for _, c := range e.classes {
		list = append(list, strconv.Itoa(c.Class.Status()))
	}
	return strings.Join(list, ", ")
}

// responsesLike returns the kinds of response that have a status of the losses.
func (s *observation) responsesLike(e *evidence) []*record.ErrorResponse {
	var list []*record.ErrorResponse
	for i := range s.run.Responses {
		a := &s.run.Responses[i]
		if slices.ContainsFunc(e.classes, func(c record.BinLoss) bool { return c.Class.Status() == a.Status }) {
			list = append(list, a)
		}
	}
	return list
}

// maxProducts bounds the products whose settings a finding names if none of
// them was seen.
const maxProducts = 3

// settingsFor keeps the remedies for the gateways that the responses came
// through, for platforms, and for everything. If no gateway is known, it keeps
// those of a few.
func (s *observation) settingsFor(like []*record.ErrorResponse, list []Remedy) []Remedy {
	seen := errorpage.Products(like)
	if kind, _, _ := strings.Cut(s.run.Gateway, " "); len(seen) == 0 && kind != "" && kind != "builtin" {
		seen = append(seen, kind)
	}
	named := 0
	return slices.DeleteFunc(slices.Clone(list), func(r Remedy) bool {
		switch r.Where {
		case "any", inKubernetes, "upstream":
			return false
		}
		named++
		if len(seen) == 0 {
			return named > maxProducts
		}
		return !slices.ContainsFunc(seen, func(name string) bool { return strings.EqualFold(name, r.Where) })
	})
}
