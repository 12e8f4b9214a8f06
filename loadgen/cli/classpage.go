package cli

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"nodrop/loadgen/record"
)

// classPage explains a class, in Markdown.
func classPage(c record.Class) string {
	info := c.Info()
	title := c.String()
	if text := http.StatusText(c.Status()); text != "" {
		title += " (" + text + ")"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", title, capitalized(info.Means))
	if c.Spoiled() {
		b.WriteString("The reason is on the machine that nodrop runs on. The request counts as spoiled, not as lost, and makes the verdict inconclusive (exit 3): it says nothing about the target.\n\n")
	}
	fmt.Fprintf(&b, "| | |\n|---|---|\n| server saw it | %s |\n| retry is safe | %s |\n| usual cause | %s |\n| what to change | %s |\n\n",
		sawIt(info), retry[info.Processed], info.Cause, info.Remedy)
	b.WriteString("`nodrop help classes` explains the words. The report's findings name the cause in this run: `nodrop help findings`.\n")
	return b.String()
}

// classList says what each class means, in Markdown.
func classList() string {
	var b strings.Builder
	b.WriteString("\n| | |\n|---|---|\n")
	for _, info := range record.Classes() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", info.Class, info.Means)
	}
	return b.String()
}

// sawIt says whether the server saw the request.
func sawIt(info record.ClassInfo) string {
	if cause := info.Class.Cause(); cause == record.CauseGoaway || cause == record.CauseRefusedStream {
		return "it says itself that it has not acted on the request and will not (RFC 9113, 8.7)"
	}
	return seen[info.Processed]
}

// seen says whether the server saw the request, where it does not say so itself.
var seen = map[record.Processed]string{
	record.Never:    "no: it never got the request",
	record.Possibly: "possibly: it may have got the request, and may have acted on it",
	record.Yes:      "yes: it responded, so it has got the request and may have acted on it",
}

// retry says whether the request can be sent again.
var retry = map[record.Processed]string{
	record.Never:    "yes, whatever the request does",
	record.Possibly: "only if the request may be processed twice, such as a GET or a PUT",
	record.Yes:      "only if the request may be processed twice, such as a GET or a PUT",
}

func capitalized(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// stages returns the stages of the classes, in the order of an exchange.
func stages() []record.Stage {
	var list []record.Stage
	for _, info := range record.Classes() {
		if s := info.Class.Stage(); !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}

// causes returns the causes that occur at a stage.
func causes(s record.Stage) []string {
	var list []string
	for _, info := range record.Classes() {
		if info.Class.Stage() == s {
			list = append(list, info.Class.Cause().String())
		}
	}
	return list
}
