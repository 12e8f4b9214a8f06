package head

import (
	"fmt"

	"nodrop/loadgen/safetext"
	"nodrop/report/brief"
	"nodrop/report/format/page"
	"nodrop/report/phrase"
)

// maxStories limits how many arms have their moments told.
const maxStories = 3

// writeWhen lists the moments of the arms that lost or, if none did, of all.
func writeWhen(out *page.Page, b *brief.Brief) {
	var arms []*brief.Arm
	lost, _ := b.Lost()
	for i := range b.Arms {
		if a := &b.Arms[i]; len(a.Moments) > 0 && (a.LostIn > 0 || lost == 0) && len(arms) < maxStories {
			arms = append(arms, a)
		}
	}
	if len(arms) == 0 {
		return
	}
	fmt.Fprintln(out)
	out.Heading("When:")
	t := &page.Table{Indent: 2, Gap: 3, Prose: true}
	for _, a := range arms {
		name := safetext.CleanLine(a.Name)
		for i := range a.Moments {
			m := &a.Moments[i]
			row := []string{phrase.Times(m.At, m.End), safetext.CleanLine(momentText(m, a))}
			if len(b.Arms) > 1 {
				row = append([]string{name}, row...)
			}
			t.Row(row...)
			name = ""
		}
	}
	t.Write(out)
}

func momentText(m *brief.Moment, a *brief.Arm) string {
	switch m.Kind {
	case brief.EventBegins:
		if name := m.Group.Mark.Name; name != "" {
			return "the event begins: " + name
		}
		return "the event begins"
	case brief.EventEnds:
		return "the event is over"
	case brief.FirstLoss:
		return "first loss" + sinceEvent(m, a)
	case brief.LastLoss:
		text := "last loss" + sinceEvent(m, a)
		if m.Windows > 1 {
			text += fmt.Sprintf("; losses in %d windows", m.Windows)
		}
		return text
	case brief.OnlyLoss:
		return phrase.Choose(a.Worst.Run.Counts.Lost, "the only loss", "all losses") + sinceEvent(m, a)
	default:
		return phrase.Marks(&m.Group)
	}
}

// sinceEvent says how long after the event's begin a loss was. The windows in the
// details have the nearest mark, which may be that of another endpoint.
func sinceEvent(m *brief.Moment, a *brief.Arm) string {
	e := &a.Worst.Loss.Event
	if !e.Known {
		return ""
	}
	return ", " + phrase.Apart(m.At-e.Begin) + " the event began"
}
