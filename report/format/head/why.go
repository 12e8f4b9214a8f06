package head

import (
	"fmt"

	"nodrop/loadgen/safetext"
	"nodrop/report/brief"
	"nodrop/report/diagnosis"
	"nodrop/report/format/page"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

const (
	count    = metric.Count
	ratio    = metric.Ratio
	duration = metric.Duration
)

const maxCauses = 5 // of each arm, if the details have all

// writeWhy lists the causes of the losses, then what else was found. detailed says
// that the details below list all of them.
func writeWhy(out *page.Page, b *brief.Brief, detailed bool) {
	for _, part := range []struct {
		title string
		list  []brief.Cause
	}{{"Why:", b.Causes}, {"Also seen:", b.Beside}} {
		if len(part.list) == 0 {
			continue
		}
		fmt.Fprintln(out)
		out.Heading(part.title)
		shown := map[string]int{}
		for i := range part.list {
			c := &part.list[i]
			if shown[c.Arm]++; shown[c.Arm] <= maxCauses || !detailed {
				out.Paragraph("  ", causeLine(c))
			}
		}
		for i := range b.Arms {
			if more := shown[b.Arms[i].Name] - maxCauses; more > 0 && detailed {
				out.Paragraph("  ", safetext.CleanLine(lead(b.Arms[i].Name))+phrase.Counted(int64(more), "more cause", "more causes")+" below")
			}
		}
	}
}

// lead puts the name of an arm, if it has one, before what is said of it.
func lead(arm string) string {
	if arm == "" {
		return ""
	}
	return arm + ", "
}

// causeLine is a cause with its count: "abrupt, 83 of 94: nothing listened
// (shown)".
func causeLine(c *brief.Cause) string {
	text := c.Arm
	runs := fmt.Sprintf("in %d of %d runs", c.Runs, c.OfAll)
	switch {
	case c.OfAll > 1 && c.Most > 0:
		text = lead(c.Arm) + lostBy(c) + " lost " + runs
	case c.OfAll > 1:
		text = lead(c.Arm) + runs
	case c.Most > 0:
		text = lead(c.Arm) + share(c)
	}
	if text != "" {
		text += ": "
	}
	return text + fmt.Sprintf("%s (%s)", c.Title, c.Confidence)
}

// share says how many of the losses of a run a cause explains.
func share(c *brief.Cause) string { return phrase.Number(c.Most) + " of " + phrase.Number(c.Of) }

// lostBy says how many requests a cause lost in each run.
func lostBy(c *brief.Cause) string {
	if c.Least != c.Most {
		return phrase.Number(c.Least) + "–" + phrase.Number(c.Most)
	}
	return phrase.Number(c.Most)
}

// WhoToName says how to get remedies for a product that the run does not show.
const WhoToName = "for settings, name your gateway and platform: --gateway nginx,kubernetes, here or with nodrop report; nodrop help findings lists them all"

func writeChange(out *page.Page, title string, remedies []diagnosis.Remedy, unseen bool) {
	if len(remedies) == 0 && !unseen {
		return
	}
	fmt.Fprintln(out)
	out.Heading(title)
	for _, one := range remedies {
		out.Paragraph("  > ", one.String())
	}
	if unseen {
		out.Paragraph("  - ", WhoToName)
	}
}
