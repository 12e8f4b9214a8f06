package head

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"nodrop/report/brief"
	"nodrop/report/format/page"
	"nodrop/report/metric"
	"nodrop/report/phrase"
)

const (
	maxLoads = 4
	maxZeros = 3
	maxURL   = 100 // characters
	maxName  = 40
)

// writeLoads says what was sent, and what it proves that some of it lost
// nothing.
func writeLoads(out *page.Page, b *brief.Brief) {
	fmt.Fprintln(out)
	for i := range b.Loads {
		if i == maxLoads {
			out.Paragraph("", "Load: "+phrase.Counted(int64(len(b.Loads)-i), "more", "more"))
			break
		}
		l := &b.Loads[i]
		name := "Load: "
		if l.Stream != "" {
			name = "Load " + phrase.Shorten(l.Stream, maxName) + ": "
		}
		out.Paragraph("", name+loadText(l))
	}
	for _, text := range zeroTexts(b.Zeros) {
		out.Paragraph("", "Lost none: "+text)
	}
}

// zeroTexts says what the zeros prove, those that prove the same together.
func zeroTexts(list []brief.Zero) []string {
	var texts []string
	names := map[string][]string{}
	for i := range list {
		text := zeroText(&list[i])
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
		if name := list[i].Arm; name != "" {
			names[text] = append(names[text], phrase.Shorten(name, maxName))
		}
	}
	for i, text := range texts {
		if of := names[text]; len(of) > 0 {
			texts[i] = phrase.Names(of) + ": " + text
		}
	}
	if more := len(texts) - maxZeros; more > 1 {
		texts = append(texts[:maxZeros], fmt.Sprintf("%d more of the table", more))
	}
	return texts
}

func loadText(l *brief.Load) string {
	s := &l.Settings
	text := fmt.Sprintf("%s %s, %s %s, by %s, ", spread(l.Started, whole), phrase.Choose(int64(l.Started[1]), "request", "requests"), s.Method, phrase.Shorten(s.URL, maxURL), phrase.Counted(int64(s.Workers), "worker", "workers"))
	if s.KeepAlive {
		text += "kept-alive connections"
	} else {
		text += "a new connection each"
	}
	if l.Sent[1] == 0 {
		return text
	}
	sent := spread(l.Sent, Rate)
	asked := Rate(l.Asked)
	switch {
	case l.Asked == 0:
		return text + "; sent " + sent + "/s"
	case l.Slow:
		return text + fmt.Sprintf("; asked for %s/s, sent %s/s: the target or this machine was too slow", asked, sent)
	default:
		return text + fmt.Sprintf("; asked for %s/s, sent %s/s", asked, sent)
	}
}

// spread formats the least and the most of a figure, or one if they look alike.
func spread(of [2]float64, format func(float64) string) string {
	least, most := format(of[0]), format(of[1])
	if least == most {
		return least
	}
	return least + "–" + most
}

func whole(v float64) string { return phrase.Number(int64(v)) }

// Rate formats a rate with three significant digits below 100, and as a whole
// number above.
func Rate(rate float64) string {
	if rate < 100 {
		return strconv.FormatFloat(rate, 'g', 3, 64)
	}
	return phrase.Number(int64(math.Round(rate)))
}

// zeroText says what it proves that nothing was lost: how little could have been
// lost all the same.
func zeroText(z *brief.Zero) string {
	const sure = " (95 % confidence)"
	text := fmt.Sprintf("a loss of up to %s could have gone unnoticed", metric.Ratio.Format(z.Bound))
	if !z.Event || z.Shortest == math.MaxInt64 {
		return text + sure
	}
	text += ", or an outage"
	if z.Of > 1 {
		text += fmt.Sprintf(" of 1 of %d endpoints", z.Of)
	}
	text += " shorter than " + phrase.Duration(z.Shortest)
	if z.OfThose > 0 {
		text += fmt.Sprintf(", of %d shorter than %s", z.Leaving, phrase.Duration(z.OfThose))
	}
	return text + sure
}
