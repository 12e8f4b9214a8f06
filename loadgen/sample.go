package loadgen

import (
	"errors"
	"strings"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

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
