package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Help is at most helpColumns wide; the text beside a flag or a command starts at
// column helpIndent.
const (
	helpColumns = 80
	helpIndent  = 28
)

// Section is a heading of help with what stands below it.
type Section struct {
	Title string
	Rows  []Row
}

// Row is a flag or a command, and what it does. Blanks where Text should not be
// broken are U+00A0.
type Row struct{ Name, Text string }

// Sections returns what help says of a command: its subcommands, then its flags
// in groups.
func Sections(cmd *cobra.Command) []Section {
	var list []Section
	if rows := commandRows(cmd); len(rows) > 0 {
		list = append(list, Section{"Commands", rows})
	}
	for _, group := range Groups() {
		if rows := flagRows(cmd.Flags(), group); len(rows) > 0 {
			list = append(list, Section{string(group), rows})
		}
	}
	return list
}

func commandRows(cmd *cobra.Command) []Row {
	var rows []Row
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			rows = append(rows, Row{strings.TrimSuffix(c.Use, " [flags]"), c.Short})
		}
	}
	return rows
}

// flagRows returns the flags of a group, in the order of their definition.
func flagRows(fs *pflag.FlagSet, group Group) []Row {
	var rows []Row
	fs.SortFlags = false
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || GroupOf(f) != group {
			return
		}
		rows = append(rows, Row{flagForm(f), f.Usage + defaultOf(f)})
	})
	return rows
}

// flagForm returns a flag with the name of its value: "-n N".
func flagForm(f *pflag.Flag) string {
	form := Dashed(f.Name)
	if f.Shorthand != "" && f.Shorthand != f.Name {
		form = "-" + f.Shorthand + ", " + form
	}
	return strings.TrimSuffix(form+" "+ValueName(f), " ")
}

// Dashed returns a flag as help writes it, and hey the short ones.
func Dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// defaultOf returns the default in parentheses; "" if it says nothing.
func defaultOf(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return " " + strings.ReplaceAll("(default "+f.DefValue+")", " ", hardBlank)
}

// initHelp adds the help flag to a command and all below it.
func initHelp(cmd *cobra.Command) {
	cmd.InitDefaultHelpFlag()
	help := cmd.Flags().Lookup("help")
	help.Usage = "print this"
	GroupOther.Hold(cmd.Flags(), help.Name)
	for _, c := range cmd.Commands() {
		initHelp(c)
	}
}

// help prints what a command does, examples, and its flags in groups.
func help(cmd *cobra.Command, _ []string) {
	w := cmd.OutOrStdout()
	fmt.Fprintf(w, "%s\n", Description(cmd))
	fmt.Fprintf(w, "\nUsage: %s\n", UseLine(cmd))
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", indent(cmd.Example))
	}
	for _, s := range Sections(cmd) {
		fmt.Fprintf(w, "\n%s:\n", s.Title)
		for _, row := range s.Rows {
			fmt.Fprint(w, row)
		}
	}
	fmt.Fprintf(w, "\nFlags take one dash or two, before or after the arguments.\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "%s COMMAND --help lists the flags of a command.\n", cmd.CommandPath())
	}
}

// Description returns what a command does, in a few lines.
func Description(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return strings.Join(wrap(cmd.Short, helpColumns), "\n")
}

// UseLine returns how to call a command.
func UseLine(cmd *cobra.Command) string {
	line := cmd.UseLine()
	if !strings.Contains(line, "[flags]") && !cmd.HasSubCommands() {
		line += " [flags]"
	}
	return line
}

// String writes a row: the name, and the text in a column of its own. Beside a
// name that is too long for its column there is nothing.
func (r Row) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %-*s", helpIndent-2, r.Name)
	if utf8.RuneCountInString(r.Name) > helpIndent-4 {
		fmt.Fprintf(&b, "\n%*s", helpIndent, "")
	}
	for i, line := range wrap(r.Text, helpColumns-helpIndent) {
		if i > 0 {
			fmt.Fprintf(&b, "%*s", helpIndent, "")
		}
		b.WriteString(strings.ReplaceAll(line, hardBlank, " ") + "\n")
	}
	return b.String()
}

// wrap breaks a text into lines of at most columns, at its blanks. A word that is
// longer gets a line of its own.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for word := range strings.SplitSeq(text, " ") {
		if line != "" && utf8.RuneCountInString(line+" "+word) > columns {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// hardBlank is a blank where no line is broken.
const hardBlank = "\u00a0"

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }
