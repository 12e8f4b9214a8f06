package diagnosis

import (
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/report/analysis/errorshape"
	"nodrop/report/diagnosis/errorpage"
	"nodrop/report/diagnosis/observed"
	"nodrop/report/diagnosis/remedy"
)

// noAccident is the number of responses from which it is no accident that they
// came when they did.
const noAccident = 5

// ofShape matches the error responses whose losses have a shape. Rules about
// these embed it.
type ofShape struct{ kind errorshape.Kind }

func (r ofShape) matches(s *observed.Observation, l *record.LostRequest) bool {
	return s.Errors.KindOf(l) == r.kind
}

// statuses lists the statuses of the losses, the most frequent first.
func statuses(e *observed.Evidence) string {
	var list []string
	for _, c := range e.Classes {
		list = append(list, strconv.Itoa(c.Class.Status()))
	}
	return strings.Join(list, ", ")
}

// responsesLike returns the kinds of response that have a status of the losses.
func responsesLike(s *observed.Observation, e *observed.Evidence) []*record.ErrorResponse {
	var list []*record.ErrorResponse
	for i := range s.Run.Responses {
		a := &s.Run.Responses[i]
		if slices.ContainsFunc(e.Classes, func(c record.BinLoss) bool { return c.Class.Status() == a.Status }) {
			list = append(list, a)
		}
	}
	return list
}

// settingsFor keeps the remedies for the gateways that the responses came
// through or that the run shows, for platforms, and for everything. If no
// gateway is known, it keeps all: ForTarget drops what does not concern the
// target.
func settingsFor(s *observed.Observation, like []*record.ErrorResponse, list []Remedy) []Remedy {
	seen := product.Add(errorpage.Products(like), product.Seen(s.Run)...)
	gateway := func(name string) bool {
		return slices.ContainsFunc(list, func(r Remedy) bool { return r.Where == name && r.Where != inKubernetes })
	}
	if !slices.ContainsFunc(seen, gateway) {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(r Remedy) bool {
		switch r.Where {
		case remedy.Everywhere, inKubernetes, "upstream":
			return false
		}
		return !slices.Contains(seen, r.Where)
	})
}
