package scenario

import (
	"fmt"
	"strings"

	"nodrop/loadgen/record"
)

// ProgressLine describes the progress of the loads of a run.
func ProgressLine(run string, loads []Watched) string {
	var parts []string
	for _, l := range loads {
		parts = append(parts, progressOf(l.Progress()))
	}
	line := strings.Join(parts, " | ")
	if run != "" {
		line = run + ": " + line
	}
	return line
}

// progressOf never shows more done than planned: requests that a held load
// sends beyond its plan are counted separately.
func progressOf(g record.Progress) string {
	done := fmt.Sprintf("%d of %d", min(g.Finished, g.Planned), g.Planned)
	if more := g.Finished - g.Planned; more > 0 {
		done += fmt.Sprintf(" and %d more", more)
	}
	if g.Duration > 0 {
		done = fmt.Sprintf("%d in %.0f of %.0f s", g.Finished, min(g.Elapsed, g.Duration).Seconds(), g.Duration.Seconds())
		if more := (g.Elapsed - g.Duration).Seconds(); more >= 1 {
			done += fmt.Sprintf(" and %.0f s more", more)
		}
	}
	perSecond := 0.0
	if g.Elapsed > 0 {
		perSecond = float64(g.Finished) / g.Elapsed.Seconds()
	}
	if g.Stream != "" {
		done = g.Stream + " " + done
	}
	return fmt.Sprintf("%s, %.0f/s, %d lost", done, perSecond, g.Lost)
}
