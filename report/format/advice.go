package format

import (
	"fmt"

	"nodrop/report"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// whoToName says how to get remedies for a product that the run does not show.
const whoToName = "for settings, name your gateway and platform: --gateway nginx,kubernetes, here or with nodrop report; nodrop help findings lists them all"

// writeAdvice lists what to change, once for all findings of the report.
func writeAdvice(out *page.Page, r *report.Report) {
	advice := r.Advice()
	if len(advice.Remedies) == 0 {
		return
	}
	out.Heading("What to change:")
	for _, one := range advice.Remedies {
		out.Paragraph("  > ", one.String())
	}
	if advice.Unseen {
		out.Paragraph("  - ", whoToName)
	}
	fmt.Fprintln(out)
}

// adviceMarkdown is writeAdvice for Markdown.
func adviceMarkdown(r *report.Report) string {
	advice := r.Advice()
	if len(advice.Remedies) == 0 {
		return ""
	}
	text := "#### What to change\n\n"
	if len(advice.Remedies) == 1 {
		text += mdLine(phrase.Shorten(advice.Remedies[0].String(), maxQuote)) + "\n"
	} else {
		text += remediesMarkdown(advice.Remedies)
	}
	if advice.Unseen {
		text += "\n" + mdLine(whoToName) + "\n"
	}
	return text
}
