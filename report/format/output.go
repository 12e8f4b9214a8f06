package format

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/format/page"
)

// The most columns of a step's name and of a line of its output, and the most
// lines.
const (
	maxStepColumns = 60
	maxLineColumns = 200
	maxOutputLines = 20
)

// writeOutputs writes the last lines that the commands of steps printed.
func writeOutputs(out *page.Page, marks []record.Mark) {
	for _, m := range marks {
		if len(m.Output) == 0 {
			continue
		}
		out.Section(outputTitle(m) + ":")
		for _, line := range m.Output[max(0, len(m.Output)-maxOutputLines):] {
			fmt.Fprintf(out, "    %s\n", page.Fit(line, maxLineColumns))
		}
	}
}

// outputsMarkdown is the same in Markdown.
func outputsMarkdown(m record.Mark) string {
	if len(m.Output) == 0 {
		return ""
	}
	return details(outputTitle(m), false, mdFence(m.Output[max(0, len(m.Output)-maxOutputLines):]))
}

func outputTitle(m record.Mark) string { return "Output of " + page.Fit(m.Name, maxStepColumns) }
