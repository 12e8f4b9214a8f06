package cli

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record/product"
	"nodrop/report/diagnosis"
	"nodrop/report/diagnosis/remedy"
)

// TestHelpOfFindings: nodrop help findings explains every code, and no others,
// each with what to do.
func TestHelpOfFindings(t *testing.T) {
	topic := findings(t)
	var got []diagnosis.Code
	for _, section := range regexp.MustCompile(`(?m)^### `).Split(topic, -1)[1:] {
		code, text, _ := strings.Cut(section, "\n")
		got = append(got, diagnosis.Code(code))
		says, fix, found := strings.Cut(text, "\nFix: ")
		if !found || strings.TrimSpace(says) == "" || strings.TrimSpace(fix) == "" {
			t.Errorf("%s: says %q, fix %q", code, says, fix)
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(slices.Values(diagnosis.Codes)), got); diff != "" {
		t.Errorf("the codes differ (- Codes, + help)\n%s", diff)
	}
}

// TestHelpOfSettings: the topic has every setting that shutting down needs, and
// every name that --gateway takes.
func TestHelpOfSettings(t *testing.T) {
	topic := findings(t)
	inOneLine := strings.Join(strings.Fields(topic), " ")
	for _, name := range product.Names() {
		if !strings.Contains(inOneLine, " "+name+",") && !strings.Contains(inOneLine, " "+name+" and") && !strings.Contains(inOneLine, "and "+name+".") {
			t.Errorf("--gateway takes %s, and the help does not say so", name)
		}
	}
	for _, a := range slices.Concat(remedy.AcceptLonger(int64(time.Second)), remedy.FinishRequests(int64(time.Second), false)) {
		if a.Where != remedy.Everywhere && !strings.Contains(topic, "\n- "+a.Where+": ") {
			t.Errorf("nothing about %s", a.Where)
		}
		for _, s := range a.Data() {
			if !strings.Contains(topic, s.Setting) {
				t.Errorf("%s: %s is missing", a.Where, s.Setting)
			}
		}
	}
}

func findings(t *testing.T) string {
	t.Helper()
	for _, topic := range Topics() {
		if topic.Name == "findings" {
			return topic.Text
		}
	}
	t.Fatal("there is no topic findings")
	return ""
}
