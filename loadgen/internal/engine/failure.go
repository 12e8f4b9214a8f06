package engine

import (
	"strings"

	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// Failure is why an exchange ended without a whole response.
type Failure struct {
	Stage record.Stage
	Err   error
	Text  string // hey's text, without method and URL
}

// Error returns the text, so that what reads a body can pass a Failure on.
func (f *Failure) Error() string { return f.Text }

// Stalled blames f on nodrop, unless its class already blames this machine.
func (f *Failure) Stalled() {
	if !wire.Classify(f.Stage, f.Err).Spoiled() {
		f.Err, f.Text = wire.ErrStalled, wire.ErrStalled.Error()
	}
}

// FailResult sets the class and the fate of a failed request.
func (j *Job) FailResult(r *record.Result, at *Hop, f *Failure) {
	r.Class, r.Fate, r.Status = wire.Classify(f.Stage, f.Err), record.FateLost, record.NoStatus
	switch {
	case r.Class.Spoiled():
		r.Fate = record.FateSpoiled
	case r.Class.Cause() == record.CauseGoaway && j.OK[record.NoStatus]:
		r.Fate = record.FateOK
	}
	r.Sample = sampleText(at, f, r.Class)
}

// sampleText is the failure as hey prints it. Equal causes share a line: the
// text has the URL's address in place of the replica's, and no source port.
func sampleText(at *Hop, f *Failure, class record.Class) string {
	text := f.Text
	if text == "" {
		text = wire.Reason(f.Err)
	}
	if class.Cause() == record.CauseTimeout && wire.IsTimeout(f.Err) && class.Stage() != record.StageConnect {
		text = timeoutText(class.Stage())
	}
	text = safetext.Bounded(text)
	if wire.LooksTLS(f.Err) && at.direct() {
		text += ": use https://"
	}
	return title(at.Method) + ` "` + at.Shown() + `": ` + text
}

// timeoutText is net/http's text for a request that took longer than -t.
func timeoutText(s record.Stage) string {
	if s == record.StageBody {
		return "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
	}
	return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
}

// title writes a method as hey's error texts do: "Get", "Post".
func title(method string) string {
	if method == "" {
		return ""
	}
	return method[:1] + strings.ToLower(method[1:])
}
