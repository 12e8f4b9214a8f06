package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"nodrop/loadgen/misuse"
)

// unknownCommand rejects a first argument, wherever it stands among flags, that
// is neither a command nor a URL. Otherwise the flags would be read as those of a
// plain load, and the argument as its URL.
func unknownCommand(cmd *cobra.Command, args []string) error {
	i := firstArgument(cmd, args)
	if i < 0 {
		return nil
	}
	if c := subcommand(cmd, args[i]); c != nil {
		return unknownCommand(c, args[i+1:])
	}
	switch {
	case cmd.HasParent() && cmd.HasSubCommands():
		return unknownBelow(cmd, args[i])
	case cmd.HasParent() || strings.Contains(args[i], "://"):
		return nil
	case isWord(args[i]):
		return unknownWord(cmd, args[i], args[i+1:])
	case reader(args[i]) != "":
		return &misuse.Error{Problem: fmt.Sprintf("%q is a file, not a URL", args[i]), Hint: "did you mean " + reader(args[i]) + "?"}
	}
	return nil
}

// unknownWord is the error for a word in place of a command of nodrop.
func unknownWord(root *cobra.Command, word string, rest []string) error {
	var names []string
	paths := map[string]string{}
	for _, c := range root.Commands() {
		for _, one := range append([]*cobra.Command{c}, c.Commands()...) {
			if one.Name() != "" && paths[one.Name()] == "" {
				names = append(names, one.Name())
				paths[one.Name()] = one.CommandPath()
			}
		}
	}
	if slices.ContainsFunc(rest, func(arg string) bool { return strings.Contains(arg, "://") }) {
		return &misuse.Error{Problem: fmt.Sprintf("unknown command %q", word), Hint: "a load needs no command: " + UseLine(root)}
	}
	if best := misuse.Nearest(word, names); best != "" {
		return &misuse.Error{Problem: fmt.Sprintf("unknown command %q", word), Hint: "did you mean " + paths[best] + "?"}
	}
	return &misuse.Error{
		Problem: fmt.Sprintf("%q is neither a command nor a URL", word),
		Hint:    "run nodrop --help to list the commands; for a host, write http://" + word,
	}
}

// unknownBelow is the error for a word in place of a command below cmd.
func unknownBelow(cmd *cobra.Command, word string) error {
	var names, uses []string
	for _, c := range cmd.Commands() {
		names, uses = append(names, c.Name()), append(uses, c.Use)
	}
	err := &misuse.Error{Problem: fmt.Sprintf("%s: unknown command %q", cmd.Name(), word), Hint: cmd.CommandPath() + " " + strings.Join(uses, ", ")}
	if best := misuse.Nearest(word, names); best != "" {
		err.Hint = "did you mean " + cmd.CommandPath() + " " + best + "?"
	}
	if command := reader(word); command != "" {
		err.Hint = "did you mean " + command + "?"
	}
	return err
}

func subcommand(cmd *cobra.Command, name string) *cobra.Command {
	for _, c := range cmd.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// isWord reports whether text could be the name of a command: a host with a
// domain, a port or a path could not.
func isWord(text string) bool {
	return text != "" && unicode.IsLetter(rune(text[0])) && text != "localhost" && !strings.ContainsFunc(text, func(r rune) bool {
		return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// reader returns the command that reads the file of that name; "" if it is not
// the name of a file that nodrop reads. example.org/a.json may be a URL.
func reader(name string) string {
	if _, err := os.Stat(name); err != nil && strings.ContainsAny(name, "/:@?") {
		return ""
	}
	switch filepath.Ext(name) {
	case ".yaml", ".yml":
		return "nodrop scenario run " + name
	case ".json", ".ndjson":
		return "nodrop report " + name
	}
	return ""
}
