package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
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

// NormalizeArgs rewrites hey's flags (one dash or two, for long and short names
// alike) for pflag (-n, --host). It knows which flags take a value, so a value
// that looks like a flag stays as it is: -d -host, -H '-x: y'.
func NormalizeArgs(args []string, fs *pflag.FlagSet) []string {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		arg := args[i]
		if arg == "--" {
			return append(out, args[i:]...)
		}
		flag, written := lookup(arg, fs)
		if flag == nil {
			// After a single dash, pflag would read -disable-keepalives as -d.
			if name := strings.TrimPrefix(arg, "-"); len(name) > 1 && len(name) < len(arg) && name[0] != '-' {
				arg = "--" + name
			}
			out = append(out, arg)
			continue
		}
		out = append(out, written)
		takesNext := flag.NoOptDefVal == "" && !strings.Contains(arg, "=")
		if takesNext && i+1 < len(args) {
			i++
			out = append(out, args[i])
		}
	}
	return out
}

// lookup finds the flag that arg names and its form for pflag; nil if arg is
// not a flag, or not one of fs.
func lookup(arg string, fs *pflag.FlagSet) (*pflag.Flag, string) {
	name := strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	if len(name) == len(arg) || name == "" {
		return nil, ""
	}
	name, value, hasValue := strings.Cut(name, "=")
	flag := fs.Lookup(name)
	if flag == nil && len(name) == 1 {
		flag = fs.ShorthandLookup(name)
	}
	if flag == nil {
		return nil, ""
	}
	written := "--" + flag.Name
	if hasValue {
		written += "=" + value
	}
	return flag, written
}
