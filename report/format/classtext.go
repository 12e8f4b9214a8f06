package format

import (
	"fmt"

	"nodrop/loadgen/record"
	"nodrop/report/analysis"
)

// processed says whether a server may have acted on the requests.
func processed(c analysis.ClassLoss) string {
	text := string(c.Class.Info().Processed)
	switch {
	case c.Spoiled:
		return "spoiled: failed on this machine"
	case c.Redirected == 0 || c.Class.Info().Processed == record.Yes:
		return text
	case c.Redirected == c.Total():
		return text + "; by the redirecting server: yes"
	}
	return fmt.Sprintf("%s; by the redirecting server (%d of them): yes", text, c.Redirected)
}
