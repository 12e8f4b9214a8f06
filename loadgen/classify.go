package loadgen

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"nodrop/loadgen/internal/h1"
)

// classify names the class of a failure from its stage and error: by error
// type and errno, never by text. What the table does not list is "other".
func classify(stage Stage, err error) Class {
	class := classOf(stage, err)
	if class.Info().Processed == "" {
		return otherClass(stage)
	}
	return class
}

// classOf asks first whose error it is: this machine's, a protocol's, the
// system's.
func classOf(stage Stage, err error) Class {
	if class := ownClass(err); class != 0 {
		return class
	}
	if class := protocolClass(stage, err); class != 0 {
		return class
	}
	return systemClass(stage, err)
}

// ownClass is that of errors of our own making, 0 for others.
func ownClass(err error) Class {
	var unsent *unsentError
	switch {
	case errors.Is(err, errStalled):
		return newClass(StageClient, CauseStalled)
	case isBodyError(err):
		return newClass(StageClient, CauseBody)
	case errors.Is(err, errRedialed):
		return newClass(StageClient, CausePorts)
	case errors.Is(err, errUnwatched):
		return newClass(StageClient, CauseOther)
	case errors.As(err, &unsent) && hasNoRoute(unsent.err):
		return newClass(StageClient, CauseRoute)
	}
	return 0
}

// protocolClass is that of what a peer said, or did not say as its protocol has
// it; 0 for others.
func protocolClass(stage Stage, err error) Class {
	var malformed *h1.MalformedError
	var lookup *net.DNSError
	var refusal tunnelError
	var socks *socksError
	switch {
	case isContentError(err):
		return newClass(StageBody, CauseMalformed)
	case errors.As(err, &lookup):
		return classifyLookup(lookup)
	case errors.As(err, &malformed) && stage == StageProxy:
		return newClass(StageProxy, CauseMalformed)
	case errors.As(err, &malformed):
		if malformed.Stage == h1.StageBody {
			return newClass(StageBody, CauseMalformed)
		}
		return newClass(StageHead, CauseMalformed)
	case isTimeout(err):
		return newClass(stage, CauseTimeout)
	case errors.As(err, &refusal), errors.As(err, &socks) && socks.spoke:
		return newClass(StageProxy, CauseRejected)
	case socks != nil:
		return newClass(StageProxy, CauseMalformed)
	case rejected(err):
		return newClass(stage, CauseRejected)
	case notTLS(err):
		return newClass(stage, CauseMalformed)
	}
	return 0
}

// systemClass is that of what the system says of a connection.
func systemClass(stage Stage, err error) Class {
	var late *networkError
	var errno syscall.Errno
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return newClass(stage, CauseEOF)
	case errors.Is(err, errSelfConnect):
		return newClass(stage, CauseRefused)
	case errors.As(err, &late) && errors.Is(late, syscall.EACCES):
		return newClass(stage, CauseRejected)
	case errors.As(err, &errno):
		return classifyErrno(stage, errno)
	}
	return otherClass(stage)
}

// unsentError is that of a connect that failed at once over TCP. What says there
// that there is no way is this machine's routing table: routers and neighbours
// say so later.
type unsentError struct{ err error }

func (e *unsentError) Error() string { return e.err.Error() }
func (e *unsentError) Unwrap() error { return e.err }

// isTimeout reports whether a deadline of ours passed. The standard dialer says
// so in two ways, with the poller's error or with a context's.
func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

func isBodyError(err error) bool {
	_, ok := errors.AsType[*bodyError](err)
	return ok
}

func isContentError(err error) bool {
	_, ok := errors.AsType[*contentError](err)
	return ok
}

func otherClass(stage Stage) Class {
	if stage == StageNone {
		return newClass(StageClient, CauseOther)
	}
	return newClass(stage, CauseOther)
}

// classifyLookup: NXDOMAIN is the other side's doing, a look-up that could not
// be sent or got no answer in time is ours.
func classifyLookup(err *net.DNSError) Class {
	var errno syscall.Errno
	switch {
	case hasNoRoute(err.UnwrapErr):
		return newClass(StageClient, CauseRoute)
	case errors.As(err.UnwrapErr, &errno):
		return classifyErrno(StageDNS, errno)
	case err.IsNotFound:
		return newClass(StageDNS, CauseNotFound)
	case err.IsTimeout:
		return newClass(StageClient, CauseResolver)
	}
	return newClass(StageDNS, CauseOther)
}

func classifyErrno(stage Stage, errno syscall.Errno) Class {
	cause, client := causeOf(errno)
	switch {
	case client:
		return newClass(StageClient, cause)
	case cause == CauseNone:
		return otherClass(stage)
	case cause == CauseRefused && stage >= StageSend:
		// No handshake failed: it is the ICMP error that the request, or the
		// acknowledgement of the response, met when the port was shut on the way.
		return newClass(stage, CauseUnreachable)
	case cause == CauseReset && stage == StageSend:
		// Whether the peer had gone before or after our last byte cannot be
		// told from a failed write; nothing of an answer was there to read.
		return newClass(StageWait, CauseReset)
	}
	return newClass(stage, cause)
}
