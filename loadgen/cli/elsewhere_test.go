package cli

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"nodrop/loadgen"
)

// loadCommand returns the load flags, and the others that the table leads to.
func loadCommand() *pflag.FlagSet {
	fs := pflag.NewFlagSet("nodrop", pflag.ContinueOnError)
	NewLoadFlags(fs, loadgen.DefaultOptions())
	FailIfFlag(fs)
	fs.StringP("o", "o", "", "")
	fs.BoolP("v", "v", false, "")
	return fs
}

// TestElsewhere checks that no name of the table is a flag of nodrop's, that
// none is there twice, and that hints name only flags that exist.
func TestElsewhere(t *testing.T) {
	fs, dashed := loadCommand(), regexp.MustCompile(`(?:^|[ ;])--?([A-Za-z][\w-]*)`)
	seen := map[string]bool{}
	for _, e := range elsewhere {
		for name := range strings.FieldsSeq(e.names) {
			if fs.Lookup(name) != nil {
				t.Errorf("-%s is a flag of nodrop's: take it out of the table", name)
			}
			if seen[name] {
				t.Errorf("-%s is in the table twice", name)
			}
			seen[name] = true
			if got := hintElsewhere(fs, name); got != e.hint {
				t.Errorf("-%s: got hint %q; want %q", name, got, e.hint)
			}
		}
		named := dashed.FindAllStringSubmatch(e.hint, -1)
		for _, match := range named {
			if !visible(fs, match[1]) {
				t.Errorf("%q: there is no flag %s", e.hint, match[1])
			}
		}
		if e.flag != "" && (len(named) == 0 || named[0][1] != e.flag) {
			t.Errorf("%q is not about the flag %s", e.hint, e.flag)
		}
	}
	for name := range strings.FieldsSeq("rate qps duration timeout k X request http2 json connections concurrency requests threads latency header body data method L proxy user") {
		if !seen[name] {
			t.Errorf("-%s is not in the table", name)
		}
	}
	if got := hintElsewhere(pflag.NewFlagSet("schema", pflag.ContinueOnError), "rate"); got != "" {
		t.Errorf("a command without -q hints %q", got)
	}
}
