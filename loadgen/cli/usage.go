package cli

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func initHelp(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	GroupOther.Hold(cmd.Flags(), "help")
	for _, c := range cmd.Commands() {
		initHelp(c)
	}
}

// usage lists flags as hey does, with one dash for single letters.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "Usage: %s\n", cmd.UseLine())
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			fmt.Fprintf(w, "       %s %-16s %s\n", cmd.CommandPath(), c.Use, c.Short)
		}
	}
	fmt.Fprintf(w, "\nFlags (one dash or two):\n")
	cmd.Flags().SortFlags = false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "--" + f.Name
		if len(f.Name) == 1 {
			name = "-" + f.Name
		}
		line := f.Usage
		if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" {
			line += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(w, "  %-24s %s\n", name, line)
	})
	return nil
}
