package cli

import (
	"embed"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"nodrop/loadgen/misuse"
)

//go:embed help/*.md
var topicFiles embed.FS

// Topics lists the topics of nodrop help.
func Topics() []string {
	files, err := topicFiles.ReadDir("help")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(file.Name(), ".md"))
	}
	return names
}

// Topic returns the text of a topic, in Markdown; "" if there is none.
func Topic(name string) string {
	text, err := topicFiles.ReadFile("help/" + name + ".md")
	if err != nil {
		return ""
	}
	return string(text)
}

// Help is the command nodrop help TOPIC.
func Help(s *Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "help TOPIC",
		Short: "Explain a topic: " + strings.Join(Topics(), ", "),
		Args:  cobra.ArbitraryArgs,
		RunE:  func(cmd *cobra.Command, args []string) error { return explain(s.Out, cmd.Root(), args) },
	}
}

func explain(w io.Writer, root *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return &misuse.Error{Problem: "help: no topic given", Hint: "nodrop help TOPIC explains one of: " + strings.Join(Topics(), ", ") + "; nodrop --help lists commands and flags"}
	case 1:
	default:
		return fmt.Errorf("help: want one topic, got %d", len(args))
	}
	text := Topic(args[0])
	if text == "" {
		return unknownTopic(root, args[0])
	}
	_, err := io.WriteString(w, text)
	return err
}

// unknownTopic says where to look instead.
func unknownTopic(root *cobra.Command, name string) error {
	err := &misuse.Error{Problem: fmt.Sprintf("help: there is no topic %q", name), Hint: "topics: " + strings.Join(Topics(), ", ")}
	if best := misuse.Nearest(name, Topics()); best != "" {
		err.Hint = "did you mean nodrop help " + best + "?"
	}
	if slices.ContainsFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == name }) {
		err.Hint = "nodrop " + name + " --help lists the flags of that command"
	}
	return err
}
