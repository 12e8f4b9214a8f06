package cli

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
)

// Manual is what nodrop help knows, and how it shows that.
type Manual struct {
	Topics func() []Topic // called only for a page: a load has no use for their texts
	Print  func(w io.Writer, markdown string) error
}

// Help is the command nodrop help.
func Help(s *Streams, m *Manual) *cobra.Command {
	return &cobra.Command{
		Use:   "help [TOPIC|CLASS]",
		Short: "Explain a topic or a class of failures, or list them",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			page, err := m.page(cmd.Root(), args)
			if err != nil {
				return err
			}
			if err := m.Print(s.Out, page); !errors.Is(err, syscall.EPIPE) { // a reader such as head may have seen enough
				return err
			}
			return nil
		},
	}
}

// page returns what args ask for.
func (m *Manual) page(root *cobra.Command, args []string) (string, error) {
	switch len(args) {
	case 0:
		return m.contents(), nil
	case 1:
	default:
		return "", fmt.Errorf("help: want one topic, class or code, got %d", len(args))
	}
	name := args[0]
	topics := m.Topics()
	if i := slices.IndexFunc(topics, func(t Topic) bool { return t.Name == name }); i >= 0 {
		return topics[i].Text, nil
	}
	var class record.Class
	if err := class.UnmarshalText([]byte(name)); err == nil && class != 0 {
		return classPage(class), nil
	}
	if section := m.section(name); section != "" {
		return section, nil
	}
	return "", m.unknown(root, name)
}

// contents lists the topics and the classes.
func (m *Manual) contents() string {
	var b strings.Builder
	b.WriteString("# nodrop help: topics and classes\n\n## nodrop help TOPIC\n\n| | |\n|---|---|\n")
	for _, t := range m.Topics() {
		fmt.Fprintf(&b, "| %s | %s |\n", t.Name, t.Summary)
	}
	b.WriteString("\n## nodrop help CLASS\n\nWhat a class of failures means, whether the server saw the request, whether a retry is safe, the usual cause and its remedy:\n\n| | |\n|---|---|\n")
	for _, stage := range stages() {
		fmt.Fprintf(&b, "| %s. | %s |\n", stage, strings.Join(causes(stage), " "))
	}
	b.WriteString("| status. | 503 or any other status that `--ok` does not accept |\n\n`nodrop --help` lists commands and flags. The code of a finding is explained, too: `nodrop help closed-before-removed`.\n")
	return b.String()
}

// section returns the section of a topic that has this name as its title, such as
// the code of a finding; "" if there is none.
func (m *Manual) section(name string) string {
	for _, t := range m.Topics() {
		_, rest, found := strings.Cut(t.Text, "\n### "+name+"\n")
		if !found {
			continue
		}
		text, _, _ := strings.Cut(rest, "\n#")
		return fmt.Sprintf("# %s\n\n%s\n\nMore: `nodrop help %s`\n", name, strings.TrimSpace(text), t.Name)
	}
	return ""
}

// unknown says where to look instead.
func (m *Manual) unknown(root *cobra.Command, name string) error {
	var names []string
	for _, t := range m.Topics() {
		names = append(names, t.Name)
		for line := range strings.Lines(t.Text) {
			if title, found := strings.CutPrefix(line, "### "); found {
				names = append(names, strings.TrimSpace(title))
			}
		}
	}
	for _, info := range record.Classes() {
		names = append(names, info.Class.String())
	}
	err := &misuse.Error{Problem: fmt.Sprintf("help: there is no topic, class or code %q", name), Hint: "nodrop help lists them"}
	if best := misuse.Nearest(name, names); best != "" {
		err.Hint = "did you mean nodrop help " + best + "?"
	}
	for _, stage := range stages() {
		if prefix := stage.String() + "."; name == prefix || name+"." == prefix {
			err.Hint = "classes: " + prefix + strings.Join(causes(stage), ", "+prefix)
		}
	}
	if slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return !c.Hidden && c.Name() == name }) {
		err.Hint = "nodrop " + name + " --help lists the flags of that command"
	}
	return err
}
