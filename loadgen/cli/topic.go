package cli

import (
	"embed"
	"io/fs"
	"strings"
)

// Topic is a page of nodrop help.
type Topic struct {
	Name    string
	Summary string // for the list of topics
	Text    string // Markdown
}

//go:embed help
var topicFiles embed.FS

// Topics returns the pages about a load and what it writes.
func Topics() []Topic {
	topics := ReadTopics(topicFiles, "load", "hey", "classes", "outputs", "stream")
	for i, t := range topics {
		if t.Name == "classes" {
			topics[i].Text += classList()
		}
	}
	return topics
}

// ReadTopics reads help/NAME.md for each name. Its title is "# Name: summary".
func ReadTopics(files fs.FS, names ...string) []Topic {
	var topics []Topic
	for _, name := range names {
		text, err := fs.ReadFile(files, "help/"+name+".md")
		if err != nil {
			panic(err) // the files are part of the program
		}
		title, _, _ := strings.Cut(string(text), "\n")
		_, summary, _ := strings.Cut(title, ": ")
		topics = append(topics, Topic{Name: name, Summary: summary, Text: string(text)})
	}
	return topics
}
