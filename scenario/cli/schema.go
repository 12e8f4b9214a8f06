package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"

	"nodrop/scenario/file"
)

func (p *Program) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of a scenario file, for editors",
		Example: "nodrop scenario schema >scenario.schema.json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return errors.New("scenario schema: unexpected argument: the schema is printed to stdout")
			}
			_, err := io.WriteString(p.Out, file.Schema)
			return err
		},
	}
}
