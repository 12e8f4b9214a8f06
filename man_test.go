package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen"
	"nodrop/loadgen/cli"
)

var manFolder = flag.String("man", "", "write a manual page for each command to this folder")

// TestMan writes the manual pages if -man is given. It checks that each has every
// flag of its command, and that no text is taken for a request of troff.
func TestMan(t *testing.T) {
	request := regexp.MustCompile(`^\.(TH|SH|TP|nf|fi|B)( |$)`)
	for _, cmd := range commandsBelow(newCommand(io.Discard)) {
		page := manPage(cmd)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if name := troff(cli.Dashed(f.Name)); !f.Hidden && !strings.Contains(page, name+"\n") && !strings.Contains(page, name+" ") {
				t.Errorf("%s: no flag %s", cmd.CommandPath(), f.Name)
			}
		})
		for line := range strings.Lines(page) {
			if strings.HasPrefix(line, "'") || strings.HasPrefix(line, ".") && !request.MatchString(strings.TrimSpace(line)) {
				t.Errorf("%s: troff would not print %q", cmd.CommandPath(), line)
			}
		}
		if *manFolder != "" {
			if err := os.WriteFile(filepath.Join(*manFolder, manName(cmd)+".1"), []byte(page), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func manName(cmd *cobra.Command) string { return strings.ReplaceAll(cmd.CommandPath(), " ", "-") }

// manPage returns the manual page of a command: what its help says.
func manPage(cmd *cobra.Command) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"nodrop %s\"\n", strings.ToUpper(manName(cmd)), loadgen.Version)
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", troff(manName(cmd)), troff(cmd.Short))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n%s\n", troff(cli.UseLine(cmd)))
	fmt.Fprintf(&b, ".SH DESCRIPTION\n.nf\n%s\n.fi\n", troff(cli.Description(cmd)))
	if cmd.HasExample() {
		fmt.Fprintf(&b, ".SH EXAMPLES\n.nf\n%s\n.fi\n", troff(cmd.Example))
	}
	for _, section := range cli.Sections(cmd) {
		fmt.Fprintf(&b, ".SH %s\n", strings.ToUpper(section.Title))
		for _, row := range section.Rows {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", troff(row.Name), troff(row.Text))
		}
	}
	if parent := cmd.Parent(); parent != nil {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s(1)\n", troff(manName(parent)))
	}
	return b.String()
}

// troff writes a text so that troff prints it as it is.
func troff(text string) string {
	lines := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "\u00a0", `\ `).Replace(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
