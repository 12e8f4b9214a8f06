package loadgen

import (
	"errors"
	"strings"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// failure is why an exchange ended without a whole answer.
type failure struct {
	stage record.Stage
	err   error
	text  string // hey's words, without method and URL
}

// stalled makes f nodrop's own failure, if it is not this machine's already.
func (f *failure) stalled() {
	if !wire.Classify(f.stage, f.err).Spoiled() {
		f.err, f.text = wire.ErrStalled, wire.ErrStalled.Error()
	}
}

// failResult gives r the fate of a failure.
func failResult(r *record.Result, at *hop, f *failure) {
	r.Class, r.Fate, r.Status = wire.Classify(f.stage, f.err), record.FateLost, 0
	if r.Class.Spoiled() {
		r.Fate = record.FateSpoiled
	}
	r.Sample = sampleText(at, f, r.Class)
}

// stageOf is how far an exchange had got whose request was written.
func stageOf(s h1.Stage) record.Stage {
	switch s {
	case h1.StageIdle:
		return record.StageWait
	case h1.StageHead:
		return record.StageHead
	default:
		return record.StageBody
	}
}

// sampleText is a failure in the words that hey prints, so that equal causes
// share a line: the URL's address in place of the replica's, and no source
// port.
func sampleText(at *hop, f *failure, class record.Class) string {
	text := f.text
	if text == "" {
		text = wire.Reason(f.err)
	}
	if class.Cause() == record.CauseTimeout && wire.IsTimeout(f.err) && class.Stage() != record.StageConnect {
		text = timeoutText(class.Stage())
	}
	text = safetext.Bounded(text)
	if malformed, ok := errors.AsType[*h1.MalformedError](f.err); ok && malformed.Looks == h1.LooksTLS && at.direct() {
		text += ": use https://"
	}
	return title(at.method) + ` "` + at.shown() + `": ` + text
}

// timeoutText is what net/http says of a request that took longer than -t.
func timeoutText(s record.Stage) string {
	if s == record.StageBody {
		return "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
	}
	return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
}

// title is a method as hey's error texts write it: "Get", "Post".
func title(method string) string {
	if method == "" {
		return ""
	}
	return method[:1] + strings.ToLower(method[1:])
}
