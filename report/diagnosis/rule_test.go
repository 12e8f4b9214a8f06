package diagnosis

import "testing"

// TestCodes: each code names one rule.
func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	var codes []string
	for _, r := range lossRules {
		codes = append(codes, r.code)
	}
	for _, r := range runRules {
		codes = append(codes, r.code)
	}
	for _, code := range codes {
		if seen[code] {
			t.Errorf("%s: two rules of that code", code)
		}
		seen[code] = true
	}
}
