package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"nodrop/loadgen/misuse"
)

// Scenario is the command nodrop scenario, with its subcommands.
func (p *Program) Scenario() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario COMMAND",
		Short: "Run a scenario file: set up, send load, act, restore; compare variants",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return &misuse.Error{Problem: fmt.Sprintf("scenario: unknown command %q", args[0]), Hint: "nodrop scenario run FILE, validate FILE, init KIND or schema"}
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(p.runCommand(), p.validateCommand(), p.initCommand(), p.schemaCommand())
	return cmd
}
