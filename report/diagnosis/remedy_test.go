package diagnosis

import (
	"math/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
	"nodrop/report/reporttest"
)

// TestConcern: of remedies for particular products, those that were seen remain.
func TestConcern(t *testing.T) {
	for _, tt := range []struct {
		seen         []string
		words, data  []string
		unseen       bool
		alsoOfFinish []string // of finishRequests
	}{
		{nil, []string{"any"}, nil, true, []string{"any"}},
		{[]string{product.Lab}, []string{"any", "nodrop lab"}, []string{"nodrop lab"}, false, []string{"any", "nodrop lab"}},
		{[]string{product.Lab, product.Nginx}, []string{"any", "nodrop lab", "nginx"}, []string{"nodrop lab"}, false, []string{"any", "nodrop lab", "nginx"}},
		{[]string{product.Kubernetes}, []string{"any", "Kubernetes"}, []string{"Kubernetes"}, false, []string{"any", "Kubernetes"}},
		{[]string{product.ASM}, []string{"any", "ASM from 1.26", "ASM before 1.26"}, []string{"ASM from 1.26", "ASM before 1.26"}, false, []string{"any", "Istio, ASM"}},
		{[]string{product.Istio, product.Envoy}, []string{"any", "Envoy"}, []string{"Envoy"}, false, []string{"any", "Istio, ASM", "Envoy"}},
		{[]string{product.Apache}, []string{"any"}, nil, false, []string{"any"}},
	} {
		f := Finding{Remedies: acceptLonger(int64(time.Second)), Settings: toAcceptLonger(int64(time.Second))}
		f.concern(tt.seen)
		var words, data []string
		for _, r := range f.Remedies {
			words = append(words, r.Where)
		}
		for _, r := range f.Settings {
			if !slices.Contains(data, r.Object) {
				data = append(data, r.Object)
			}
		}
		if diff := cmp.Diff([][]string{tt.words, tt.data}, [][]string{words, data}); diff != "" {
			t.Errorf("%v: %s", tt.seen, diff)
		}
		if f.Unseen != tt.unseen {
			t.Errorf("%v: unseen: %t", tt.seen, f.Unseen)
		}
		g := Finding{Remedies: finishRequests(int64(time.Second), false)}
		g.concern(tt.seen)
		words = nil
		for _, r := range g.Remedies {
			words = append(words, r.Where)
		}
		if diff := cmp.Diff(tt.alsoOfFinish, words); diff != "" {
			t.Errorf("%v: %s", tt.seen, diff)
		}
	}
}

// TestConcernOfEverything: what is no product of a target is for all of them.
func TestConcernOfEverything(t *testing.T) {
	list := []Remedy{{"any", "a"}, {"clients", "b"}, {"Linux", "c"}, {"this machine", "d"}, {"upstream", "e"}}
	f := Finding{Remedies: slices.Clone(list), Settings: []record.Remedy{{Object: "Linux", Setting: "net.ipv4.tcp_migrate_req", Value: "1"}}}
	f.concern(nil)
	if !slices.Equal(f.Remedies, list) || len(f.Settings) != 1 || f.Settings[0].Product != "Linux" || f.Unseen {
		t.Errorf("got %+v", f)
	}
}

// TestProductsOfARun: the findings of a run name what the run shows.
func TestProductsOfARun(t *testing.T) {
	places := func(edit func(*record.Run)) []string {
		run := reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Edited(func(run *record.Run) { run.Marks = reporttest.AbruptMarks() }), reporttest.Edited(edit))
		var list []string
		for _, f := range ForTarget(run, found(run)) {
			for _, r := range f.Remedies {
				list = product.Add(list, r.Where)
			}
		}
		return list
	}
	for name, tt := range map[string]struct {
		edit func(*record.Run)
		want []string
	}{
		"nothing":        {func(*record.Run) {}, []string{"any"}},
		"named":          {func(run *record.Run) { run.Products = []string{product.HAProxy} }, []string{"any", "HAProxy"}},
		"the lab":        {func(run *record.Run) { run.Gateway, run.Products = "builtin", []string{product.Lab} }, []string{"any", "nodrop lab"}},
		"an error page":  {func(run *record.Run) { run.Responses = []record.ErrorResponse{{Status: 503, Server: "nginx"}} }, []string{"any", "nginx"}},
		"an old gateway": {func(run *record.Run) { run.Gateway = "caddy 2.6.2" }, []string{"any", "nodrop lab", "Caddy"}},
	} {
		if diff := cmp.Diff(tt.want, places(tt.edit)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestSettingsAreInTheWords: whatever a finding has as data, it says in words,
// too, and with the same value.
func TestSettingsAreInTheWords(t *testing.T) {
	everything := []string{product.Lab, product.Kubernetes, product.ASM, product.Istio, product.Envoy, product.Nginx, product.HAProxy, product.Caddy, product.Apache, product.Traefik}
	settings := 0
	for seed := range int64(200) {
		rng := rand.New(rand.NewSource(seed))
		run := reporttest.NewRun(t, reporttest.RandomRequests(rng), reporttest.Edited(func(run *record.Run) {
			run.Products, run.Marks = everything, reporttest.AbruptMarks()
		}))
		for _, f := range ForTarget(run, found(run)) {
			for _, s := range f.Settings {
				settings++
				if s.Product == "" {
					t.Errorf("%s: %+v names no product", f.Rule, s)
				}
				if !slices.ContainsFunc(f.Remedies, func(r Remedy) bool {
					return strings.Contains(r.Setting, s.Setting) && strings.Contains(r.Setting, s.Value)
				}) {
					t.Errorf("%s: no remedy has %+v", f.Rule, s)
				}
			}
		}
	}
	if settings == 0 {
		t.Error("no finding has a setting")
	}
}
