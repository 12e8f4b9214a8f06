package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/record"
)

// At is when a step is due: after a share of the load, a time, or a number of
// started requests. The zero At is the start.
type At struct {
	Percent float64       // of the planned requests or of the duration
	Time    time.Duration // since the start
	Request int64         // number of started requests
}

// ParseAt reads "40%", "5s" or "#10000".
func ParseAt(s string) (At, error) {
	bad := fmt.Errorf("%q is not a share (40%%), a time (5s) or a request (#10000)", s)
	if share, ok := strings.CutSuffix(s, "%"); ok {
		p, err := strconv.ParseFloat(share, 64)
		if err != nil || !(p >= 0 && p < 100) {
			return At{}, bad
		}
		return At{Percent: p}, nil
	}
	if nth, ok := strings.CutPrefix(s, "#"); ok {
		n, err := strconv.ParseInt(nth, 10, 64)
		if err != nil || n < 1 {
			return At{}, bad
		}
		return At{Request: n}, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return At{}, bad
	}
	return At{Time: d}, nil
}

func (a At) String() string {
	switch {
	case a.Percent > 0:
		return strconv.FormatFloat(a.Percent, 'f', -1, 64) + "%"
	case a.Request > 0:
		return "#" + strconv.FormatInt(a.Request, 10)
	}
	return a.Time.String()
}

// Due reports whether a load with progress p has reached this point.
func (a At) Due(p record.Progress) bool {
	switch {
	case a.Request > 0:
		return p.Started >= a.Request
	case a.Percent > 0 && p.Duration > 0:
		return float64(p.Elapsed) >= a.Percent/100*float64(p.Duration)
	case a.Percent > 0:
		return float64(p.Started) >= a.Percent/100*float64(p.Planned)
	}
	return p.Elapsed >= a.Time
}
