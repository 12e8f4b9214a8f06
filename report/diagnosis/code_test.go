package diagnosis

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCodes: Codes has every constant of code.go, each code is there once, and
// every rule has one.
func TestCodes(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var constants []Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" && len(spec.Values) == 1 {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants = append(constants, Code(text))
		}
		return true
	})
	slices.Sort(constants)
	listed := slices.Sorted(slices.Values(Codes))
	if diff := cmp.Diff(constants, listed); diff != "" {
		t.Errorf("Codes differs from the constants (- constants, + Codes)\n%s", diff)
	}
	if n := len(slices.Compact(constants)); n != len(listed) {
		t.Errorf("%d different codes of %d", n, len(listed))
	}
	for _, r := range lossRules {
		if !slices.Contains(Codes, r.code) {
			t.Errorf("%s: the code %q is not listed", r.name, r.code)
		}
	}
	for _, r := range runRules {
		if !slices.Contains(Codes, r.code) {
			t.Errorf("%s: the code %q is not listed", r.name, r.code)
		}
	}
}

// TestRecurrencesHaveCodes: the code is that of the run that is quoted.
func TestRecurrencesHaveCodes(t *testing.T) {
	list := Recurrences([]Diagnosed{
		{Run: "one", Findings: []Finding{{Rule: "error-answered", Code: GatewayError, Lost: 1, Title: "a"}}},
		{Run: "two", Findings: []Finding{{Rule: "error-answered", Code: NoUpstreamLeft, Lost: 2, Title: "b"}}},
	})
	if len(list) != 1 || list[0].Code != NoUpstreamLeft || list[0].In != "two" {
		t.Errorf("got %+v", list)
	}
}
