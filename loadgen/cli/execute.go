package cli

import (
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/spf13/cobra"
)

// Prepare gives root hey's usage text, flags and errors. All of root's commands
// must have been added.
func Prepare(root *cobra.Command, s *Streams) {
	cobra.EnableCommandSorting = false // help lists commands in the order of AddCommand
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommand(&cobra.Command{Hidden: true})
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	root.SetHelpFunc(help)
	root.SetFlagErrorFunc(flagError)
	// cobra would add these only after the arguments have been normalized.
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = "print the version"
	GroupOther.Hold(root.Flags(), "version")
	initHelp(root)
	initCompletion(root)
}

// Execute runs the command that args name.
func Execute(ctx context.Context, root *cobra.Command, args []string) error {
	if completing(args) {
		return complete(ctx, root, args)
	}
	root.SetArgs(normalize(root, args))
	if err := unknownCommand(root, args); err != nil {
		return err
	}
	out := &written{to: root.OutOrStdout()}
	root.SetOut(out)
	err := root.ExecuteContext(ctx)
	if err == nil && !errors.Is(out.err, syscall.EPIPE) { // a reader such as head may have seen enough
		err = out.err
	}
	return err
}

// written remembers the first error of writing, which cobra ignores for help and
// the version.
type written struct {
	to  io.Writer
	err error
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}
