package cli

import (
	"github.com/spf13/cobra"
)

// Scenario is the command nodrop scenario, with its subcommands.
func (p *Program) Scenario() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scenario COMMAND",
		Short: "Run a scenario file: set up, send load, act, restore",
		Long: `A scenario file describes loads, what happens to the target meanwhile, and how
to set the target up and restore it, in one or several variants. Begin with a
template and change it.`,
		Example: "nodrop scenario init nginx >stop.yaml\nnodrop scenario run stop.yaml",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, // Execute rejects arguments
	}
	cmd.AddCommand(p.runCommand(), p.validateCommand(), p.initCommand(), p.schemaCommand())
	return cmd
}
