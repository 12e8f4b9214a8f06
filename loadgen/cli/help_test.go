package cli

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"nodrop/loadgen/record"
)

// TestHelpOfClasses: help has a page for every class that can be counted, and for
// statuses, each with all that a reader asks; the list has them, too.
func TestHelpOfClasses(t *testing.T) {
	m := &Manual{Topics: Topics}
	contents, err := m.page(&cobra.Command{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	classes := []record.Class{record.StatusClass(404), record.StatusClass(503), record.StatusClass(599)}
	for _, info := range record.Classes() {
		classes = append(classes, info.Class)
		stage, cause, _ := strings.Cut(info.Class.String(), ".")
		if !regexp.MustCompile(`(?m)^\| ` + stage + `\. \|.* ` + cause + ` `).MatchString(contents) {
			t.Errorf("the list has no %s:\n%s", info.Class, contents)
		}
	}
	for _, class := range classes {
		page, err := m.page(&cobra.Command{}, []string{class.String()})
		if err != nil {
			t.Errorf("%s: %v", class, err)
			continue
		}
		if !strings.HasPrefix(page, "# "+class.String()) {
			t.Errorf("%s: another title:\n%s", class, page)
		}
		for _, row := range []string{"server saw it", "retry is safe", "usual cause", "what to change"} {
			if !regexp.MustCompile(`(?m)^\| ` + row + ` \| \w.{2,} \|$`).MatchString(page) {
				t.Errorf("%s: nothing about %q:\n%s", class, row, page)
			}
		}
		if spoiled := strings.Contains(page, "spoiled, not as lost"); spoiled != class.Spoiled() {
			t.Errorf("%s: says that it is spoiled: %v", class, spoiled)
		}
	}
}

// TestHelpOfNothing: what is no topic and no class is an error.
func TestHelpOfNothing(t *testing.T) {
	m := &Manual{Topics: Topics}
	for _, name := range []string{"", "status.", "status.5", "connect", "connect.", "nothing", "All classes"} {
		if page, err := m.page(&cobra.Command{}, []string{name}); err == nil {
			t.Errorf("%q has a page:\n%s", name, page)
		}
	}
}

// TestTopicsAreWhole: every file of the folder is a topic.
func TestTopicsAreWhole(t *testing.T) {
	files, err := topicFiles.ReadDir("help")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(file.Name(), ".md")
		if !slices.ContainsFunc(Topics(), func(topic Topic) bool {
			return topic.Name == name && strings.HasPrefix(topic.Text, fmt.Sprintf("# %s: %s\n", capitalized(name), topic.Summary))
		}) {
			t.Errorf("%s is no topic with that title", file.Name())
		}
	}
}
