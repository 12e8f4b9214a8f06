package brief

import (
	"nodrop/loadgen/record"
	"nodrop/report/phrase"
)

// TLS says what the TLS handshakes of a run agreed on, one line for each
// outcome; nil without TLS.
func TLS(run *record.Run) []string {
	if run.TLS == nil {
		return nil
	}
	var list []string
	for _, a := range run.TLS.Agreed {
		text := a.Version + " with " + a.Cipher
		if a.ALPN != "" {
			text += ", " + a.ALPN
		}
		list = append(list, text+": "+phrase.Counted(a.Count, "handshake", "handshakes"))
	}
	if run.Settings.TLSResume {
		list = append(list, "resumed "+phrase.Number(run.TLS.Resumed)+" of "+phrase.Counted(run.TLS.Done, "handshake", "handshakes"))
	}
	return list
}

// busyShare is the share of its time from which on computing handshakes says
// more about nodrop than about the target.
const busyShare = 0.5

// Handshaking returns the share of its processors' time for which the event loop
// computed TLS handshakes. much says that responses waited for that.
func Handshaking(run *record.Run) (share float64, much bool) {
	if run.TLS == nil || run.Duration == 0 || run.Environment.CPUs == 0 {
		return 0, false
	}
	share = float64(run.TLS.Busy) / (float64(run.Duration) * float64(run.Environment.CPUs))
	return share, share >= busyShare
}
