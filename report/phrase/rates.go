package phrase

import (
	"fmt"

	"nodrop/report/analysis/baseline"
)

// Rates says how frequent a class of losses was before something and after it:
// "1.0 % of responses were 500 before the event and 0.9 % after".
func Rates(c *baseline.Class, something string) string {
	what := "of requests were lost to " + c.Class.String()
	if status := c.Class.Status(); status != 0 {
		what = fmt.Sprintf("of responses were %d", status)
	}
	return fmt.Sprintf("%s %s before %s and %s after", Percentage(c.Before.Rate()), what, something, Percentage(c.After.Rate()))
}
