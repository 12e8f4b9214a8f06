package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// normalize rewrites hey's flags the way pflag expects them, for the command that
// args name.
func normalize(root *cobra.Command, args []string) []string {
	for i, arg := range args {
		for _, c := range root.Commands() {
			if arg == c.Name() {
				return slices.Concat(NormalizeArgs(args[:i], c.Flags()), []string{arg}, normalize(c, args[i+1:]))
			}
		}
		if !strings.HasPrefix(arg, "-") {
			break
		}
	}
	return NormalizeArgs(args, root.Flags())
}
