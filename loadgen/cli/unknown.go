package cli

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
)

// unknownCommand rejects a first argument that is neither a command nor a URL.
// Otherwise the flags after it would be read as those of a plain load.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") || !isWord(args[0]) {
		return nil
	}
	var names []string
	paths := map[string]string{}
	for _, c := range root.Commands() {
		for _, one := range append([]*cobra.Command{c}, c.Commands()...) {
			if one.Name() != "" && paths[one.Name()] == "" {
				names = append(names, one.Name())
				paths[one.Name()] = one.CommandPath()
			}
		}
		if c.Name() == args[0] {
			return nil
		}
	}
	if best := misuse.Nearest(args[0], names); best != "" {
		return &misuse.Error{Problem: fmt.Sprintf("unknown command %q", args[0]), Hint: "did you mean " + paths[best] + "?"}
	}
	return &misuse.Error{
		Problem: fmt.Sprintf("%q is neither a command nor a URL", args[0]),
		Hint:    "run nodrop --help to list the commands; for a host, write http://" + args[0],
	}
}

// isWord reports whether text could be the name of a command: a host with a
// domain, a port or a path could not.
func isWord(text string) bool {
	return text != "" && unicode.IsLetter(rune(text[0])) && text != "localhost" && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// flagError suggests the closest flag for one that does not exist.
func flagError(cmd *cobra.Command, err error) error {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return err
	}
	name := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); len(short) > len(name) {
		name = short
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && len(f.Name) > 1 {
			names = append(names, f.Name)
		}
	})
	best := misuse.Nearest(name, names)
	if best == "" {
		return &misuse.Error{Problem: "unknown flag: -" + name, Hint: cmd.CommandPath() + " --help lists the flags"}
	}
	return &misuse.Error{Problem: "unknown flag: -" + name, Hint: "did you mean --" + best + "?"}
}
