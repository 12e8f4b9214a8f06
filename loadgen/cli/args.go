package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// normalize rewrites hey's flags the way pflag expects them, for the command that
// args name.
func normalize(cmd *cobra.Command, args []string) []string {
	if i := firstArgument(cmd, args); i >= 0 {
		if c := subcommand(cmd, args[i]); c != nil {
			return slices.Concat(NormalizeArgs(args[:i], c.Flags()), args[i:i+1], normalize(c, args[i+1:]))
		}
	}
	return NormalizeArgs(args, cmd.Flags())
}

// firstArgument returns the index of the first of args that is neither a flag of
// cmd, or of a command below it, nor the value of one; -1 if there is none. After
// an unknown flag, nobody knows.
func firstArgument(cmd *cobra.Command, args []string) int {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--" && i+1 < len(args):
			return i + 1
		case len(args[i]) < 2 || args[i][0] != '-':
			return i
		}
		flag := lookupBelow(args[i], cmd)
		if flag == nil {
			return -1
		}
		if takesNext(flag, args[i]) {
			i++
		}
	}
	return -1
}

// lookupBelow finds the flag that arg names, of cmd or else of a command below it.
func lookupBelow(arg string, cmd *cobra.Command) *pflag.Flag {
	flag, _ := lookup(arg, cmd.Flags())
	for _, c := range cmd.Commands() {
		if flag == nil {
			flag = lookupBelow(arg, c)
		}
	}
	return flag
}

// takesNext reports whether the value of a flag is the argument after arg.
func takesNext(flag *pflag.Flag, arg string) bool {
	return flag.NoOptDefVal == "" && !strings.Contains(arg, "=")
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
		if takesNext(flag, arg) && i+1 < len(args) {
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
