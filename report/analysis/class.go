package analysis

import (
	"cmp"
	"slices"

	"nodrop/loadgen/record"
)

// ClassLoss counts one class of lost or spoiled requests.
type ClassLoss struct {
	Class         record.Class
	Spoiled       bool
	Fresh, Reused int64
	Redirected    int64  // of them, after a redirect
	Sample        string // the most frequent error text; "" for statuses
}

// Total is the sum of Fresh and Reused.
func (c ClassLoss) Total() int64 { return c.Fresh + c.Reused }

// SafeToRetry reports whether requests of any method can be sent again without
// the risk of acting twice. After a redirect it is false: earlier hosts of the
// chain have already responded.
func (c ClassLoss) SafeToRetry() bool { return c.Class.Info().SafeToRetry() && c.Redirected == 0 }

// classLosses sums lost and spoiled outcomes by class, most frequent first.
func classLosses(run *record.Run, outcomes []record.Outcome) []ClassLoss {
	var list []ClassLoss
	for _, o := range outcomes {
		if o.Class == 0 || o.Fate == record.FateOK.String() {
			continue
		}
		i := slices.IndexFunc(list, func(c ClassLoss) bool { return c.Class == o.Class })
		if i < 0 {
			i = len(list)
			list = append(list, ClassLoss{Class: o.Class, Spoiled: o.Class.Spoiled(), Sample: sampleOf(run, o.Class)})
		}
		if o.Redirected {
			list[i].Redirected += o.Count
		}
		if o.Reused {
			list[i].Reused += o.Count
		} else {
			list[i].Fresh += o.Count
		}
	}
	slices.SortStableFunc(list, func(a, b ClassLoss) int {
		return cmp.Or(cmp.Compare(b.Total(), a.Total()), cmp.Compare(a.Class, b.Class))
	})
	return list
}

func sampleOf(run *record.Run, class record.Class) string {
	best := record.Sample{}
	for _, s := range run.Samples {
		if s.Class == class && s.Count > best.Count {
			best = s
		}
	}
	return best.Text
}

// ClassTotal returns how many requests of the class were lost or spoiled.
func (l *Loss) ClassTotal(name string) int64 {
	for _, c := range l.Classes {
		if c.Class.String() == name {
			return c.Total()
		}
	}
	return 0
}

// SpoiledRemedy returns the remedy for the most frequent failure on this
// machine.
func (l *Loss) SpoiledRemedy() string {
	for _, c := range l.Classes {
		if c.Spoiled {
			return c.Class.Info().Remedy
		}
	}
	return ""
}

// BeyondConnect reports whether the request was lost on an established
// connection.
func BeyondConnect(c record.Class) bool {
	switch c.Stage() {
	case record.StageSend, record.StageWait, record.StageHead, record.StageBody:
		return true
	case record.StageNone, record.StageDNS, record.StageConnect, record.StageProxy, record.StageTLS, record.StageStatus, record.StageClient:
	}
	return false
}

// IsCut reports whether the peer, or something in between, closed or reset the
// connection.
func IsCut(c record.Class) bool {
	cause := c.Cause()
	return BeyondConnect(c) && (cause == record.CauseEOF || cause == record.CauseReset)
}

// Unresponded reports whether no byte of a response had arrived.
func Unresponded(c record.Class) bool {
	return c.Stage() == record.StageSend || c.Stage() == record.StageWait
}

// IsTLSCut reports whether a TLS handshake was cut off or timed out.
func IsTLSCut(c record.Class) bool {
	switch c.Cause() {
	case record.CauseEOF, record.CauseReset, record.CauseTimeout:
		return c.Stage() == record.StageTLS
	default:
		return false
	}
}

// IsRefusal reports whether nothing listened at the address of a connection
// attempt.
func IsRefusal(c record.Class) bool {
	return c.Stage() == record.StageConnect && (c.Cause() == record.CauseRefused || c.Cause() == record.CauseReset)
}
