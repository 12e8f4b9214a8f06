package cli

import (
	"nodrop/loadgen/cli"
	"nodrop/report/output"
)

// Program holds what the commands share with the rest of nodrop.
type Program struct {
	cli.Streams
	Temporaries *output.Temporaries

	full bool // --full: leave nothing out of the text report
}
