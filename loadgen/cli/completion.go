package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
)

// shells has how to write the completion of each shell.
var shells = []struct {
	name  string
	write func(root *cobra.Command, w io.Writer) error
}{
	{"bash", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
	{"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
	{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
}

const completionHelp = `Print a script that lets a shell complete nodrop's commands and flags. In bash,
it needs the package bash-completion.`

const completionExamples = `source <(nodrop completion bash)
nodrop completion zsh >"${fpath[1]}/_nodrop"
nodrop completion fish >~/.config/fish/completions/nodrop.fish`

// Completion is the command nodrop completion SHELL.
func Completion(s *Streams) *cobra.Command {
	var names []string
	for _, shell := range shells {
		names = append(names, shell.name)
	}
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Print the completion script of a shell: " + strings.Join(names, ", "),
		Long:      completionHelp,
		Example:   completionExamples,
		Args:      cobra.ArbitraryArgs,
		ValidArgs: names,
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeCompletion(s.Out, cmd.Root(), args, "nodrop completion "+strings.Join(names, "|"))
		},
	}
}

func writeCompletion(w io.Writer, root *cobra.Command, args []string, usage string) error {
	if len(args) != 1 {
		return &misuse.Error{Problem: fmt.Sprintf("completion: want one shell, got %d", len(args)), Hint: usage}
	}
	for _, shell := range shells {
		if shell.name == args[0] {
			return shell.write(root, w)
		}
	}
	return &misuse.Error{Problem: fmt.Sprintf("completion: unknown shell %q", args[0]), Hint: usage}
}

// choicesKey is the annotation of a flag with the values that it takes.
const choicesKey = "nodrop_choices"

// Offer lets shells complete the value of a flag with choices.
func Offer(fs *pflag.FlagSet, name string, choices ...string) {
	if err := fs.SetAnnotation(name, choicesKey, choices); err != nil {
		panic(err) // the flag does not exist
	}
}

// initCompletion decides, for a command and all below it, what shells complete
// apart from flags and commands: the choices of Offer, and files or directories
// where one is wanted.
func initCompletion(cmd *cobra.Command) {
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !strings.Contains(cmd.Use, "FILE") && !strings.Contains(cmd.Use, "BASE") {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		choices := f.Annotations[choicesKey]
		if ValueName(f) == "DIR" {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)) // fails only for an unknown flag
			return
		}
		if name := ValueName(f); len(choices) > 0 || !strings.Contains(name, "FILE") && !strings.Contains(name, "PATH") {
			_ = cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)) // fails only for an unknown flag
		}
	})
	for _, c := range cmd.Commands() {
		initCompletion(c)
	}
}

// completing reports whether a shell asks for completions.
func completing(args []string) bool {
	return len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// complete prints what the last of args may become. cobra knows flags as pflag
// writes them: ask and answer are put into its form and back.
func complete(ctx context.Context, root *cobra.Command, args []string) error {
	before, last := args[1:len(args)-1], args[len(args)-1]
	asked := last
	if strings.HasPrefix(last, "-") && !strings.HasPrefix(last, "--") {
		asked = "-" + last
	}
	var found bytes.Buffer
	out := root.OutOrStdout()
	root.SetOut(&found)
	root.SetArgs(append(append([]string{args[0]}, normalize(root, before)...), asked))
	err := root.ExecuteContext(ctx)
	for line := range strings.Lines(found.String()) {
		fmt.Fprint(out, inForm(line, last))
	}
	return err
}

// inForm returns a line of cobra's answer in the form of what was typed: a flag
// with one dash or with two.
func inForm(line, typed string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
	short := len(name) == len("--x") || len(typed) > 1 && !strings.HasPrefix(typed, "--")
	if strings.HasPrefix(name, "--") && short {
		return line[1:]
	}
	return line
}
