package format

import (
	"nodrop/report"
	"nodrop/report/format/head"
	"nodrop/report/phrase"
)

func adviceOf(r *report.Report) report.Advice {
	if r.Search != nil {
		return head.SearchAdvice(r)
	}
	return r.Advice()
}

// adviceMarkdown lists what to change, once for all findings of the report.
func adviceMarkdown(advice report.Advice) string {
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
		text += "\n" + mdLine(head.WhoToName) + "\n"
	}
	return text
}
