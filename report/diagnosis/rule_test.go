package diagnosis

import "testing"

// TestNames: each name is that of one rule.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	var names []string
	for _, r := range lossRules {
		names = append(names, r.name)
	}
	for _, r := range runRules {
		names = append(names, r.name)
	}
	for _, name := range names {
		if seen[name] {
			t.Errorf("%s: two rules of that name", name)
		}
		seen[name] = true
	}
}
