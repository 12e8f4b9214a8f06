package kube

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"nodrop/scenario/kube/api"
)

// unasked are the actions without a verb: Graceful, which a scenario writes
// differently, and those that Prepare or a proof adds.
var unasked = []string{"Graceful", "Preflight", "AtRest", "Replaced"}

// TestVerbs checks that each action of this package is in the table and
// implements planner.
func TestVerbs(t *testing.T) {
	made := slices.Clone(unasked)
	for _, verb := range verbs {
		action := verb.Make(&Settings{
			Part: "setup", Access: &api.Access{}, Object: gw(), Word: "w", Until: "rollout", Patch: api.Patching{Fields: map[string]any{"a": "b"}},
			Fault: func(key, format string, args ...any) {
				t.Errorf("%s: %s: %s", verb.Name, key, fmt.Sprintf(format, args...))
			},
		})
		made = append(made, reflect.TypeOf(action).Elem().Name())
		if _, ok := action.(planner); !ok {
			t.Errorf("%s: its action has no plan", verb.Name)
		}
		if verb.Needs != "" && !slices.Contains(verb.Keys, verb.Needs) {
			t.Errorf("%s: needs %s, but does not accept it", verb.Name, verb.Needs)
		}
	}
	for _, name := range actionTypes(t) {
		if !slices.Contains(made, name) {
			t.Errorf("no verb makes a %s action: add a row to verbs", name)
		}
	}
}

// actionTypes returns the types with the Run method of an action.
func actionTypes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Run" {
				continue
			}
			if of, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				names = append(names, fmt.Sprint(of.X))
			}
		}
	}
	if len(names) < len(unasked)+1 {
		t.Fatalf("only %q are found", names)
	}
	return names
}
