package wire

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/net/http2"

	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/record"
)

// Classify returns the class of a failure from its stage and error: by error
// type and errno, never by text. A combination that the table does not list
// becomes "other".
func Classify(stage record.Stage, err error) record.Class {
	class := classOf(stage, err)
	if class.Info().Processed == "" {
		return otherClass(stage)
	}
	return class
}

// classOf checks in this order whose error it is: nodrop's or this machine's, a
// protocol's, the system's.
func classOf(stage record.Stage, err error) record.Class {
	if class := ownClass(err); class != 0 {
		return class
	}
	if class := streamClass(stage, err); class != 0 {
		return class
	}
	if class := protocolClass(stage, err); class != 0 {
		return class
	}
	return systemClass(stage, err)
}

func ownClass(err error) record.Class {
	var unsent *UnsentError
	switch {
	case errors.Is(err, ErrStalled):
		return record.NewClass(record.StageClient, record.CauseStalled)
	case isBodyError(err):
		return record.NewClass(record.StageClient, record.CauseBody)
	case errors.Is(err, errRedialed):
		return record.NewClass(record.StageClient, record.CausePorts)
	case errors.Is(err, errUnwatched):
		return record.NewClass(record.StageClient, record.CauseOther)
	case errors.As(err, &unsent) && (unsent.NoSource || hasNoRoute(unsent.Err)):
		return record.NewClass(record.StageClient, record.CauseRoute)
	}
	return 0
}

// streamClass returns the class of errors that only HTTP/2 knows; 0 for others. A
// server that has begun to respond has acted on the request, whatever the code of
// its RST_STREAM says.
func streamClass(stage record.Stage, err error) record.Class {
	if reset, ok := errors.AsType[*h2.StreamError](err); ok {
		responding := stage == record.StageHead || stage == record.StageBody
		if reset.Code == http2.ErrCodeRefusedStream && !responding {
			return record.NewClass(stage, record.CauseRefusedStream)
		}
		return record.NewClass(stage, record.CauseStreamReset)
	}
	if _, ok := errors.AsType[*h2.GoAwayError](err); ok {
		return record.NewClass(stage, record.CauseGoaway)
	}
	if _, ok := errors.AsType[*h2.ConnError](err); ok {
		return record.NewClass(stage, record.CauseMalformed)
	}
	return 0
}

// protocolClass returns the class of errors that a peer caused by what it sent,
// or failed to send, under its protocol; 0 for other errors.
func protocolClass(stage record.Stage, err error) record.Class {
	var malformed *h1.MalformedError
	var lookup *net.DNSError
	var refusal TunnelError
	var socks *socksError
	switch {
	case isContentError(err):
		return record.NewClass(record.StageBody, record.CauseMalformed)
	case isUnwanted(err):
		return record.NewClass(record.StageBody, record.CauseRejected)
	case errors.As(err, &lookup):
		return classifyLookup(lookup)
	case errors.As(err, &malformed) && stage == record.StageProxy:
		return record.NewClass(record.StageProxy, record.CauseMalformed)
	case errors.As(err, &malformed):
		return record.NewClass(StageOf(malformed.Stage), record.CauseMalformed)
	case IsTimeout(err):
		return record.NewClass(stage, record.CauseTimeout)
	case errors.As(err, &refusal), errors.As(err, &socks) && socks.spoke:
		return record.NewClass(record.StageProxy, record.CauseRejected)
	case socks != nil:
		return record.NewClass(record.StageProxy, record.CauseMalformed)
	case IsRejected(err) && stage != record.StageBody: // there, it is what nodrop rejects
		return record.NewClass(stage, record.CauseRejected)
	case IsNotTLS(err):
		return record.NewClass(stage, record.CauseMalformed)
	}
	return 0
}

func systemClass(stage record.Stage, err error) record.Class {
	var late *NetworkError
	var errno syscall.Errno
	switch {
	case (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) && stage == record.StageSend:
		return record.NewClass(record.StageWait, record.CauseEOF) // the peer is gone, as with a reset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return record.NewClass(stage, record.CauseEOF)
	case errors.Is(err, ErrSelfConnect):
		return record.NewClass(stage, record.CauseRefused)
	case errors.As(err, &late) && errors.Is(late, syscall.EACCES):
		return record.NewClass(stage, record.CauseRejected)
	case errors.As(err, &errno):
		return classifyErrno(stage, errno)
	}
	return otherClass(stage)
}

// IsTimeout reports whether one of nodrop's deadlines passed. The standard
// dialer reports that in two ways, with the poller's error or with a context's.
func IsTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

func isBodyError(err error) bool {
	_, ok := errors.AsType[*BodyError](err)
	return ok
}

func isContentError(err error) bool {
	_, ok := errors.AsType[*ContentError](err)
	return ok
}

func isUnwanted(err error) bool {
	_, ok := errors.AsType[*UnwantedError](err)
	return ok
}

func otherClass(stage record.Stage) record.Class {
	if stage == record.StageNone {
		return record.NewClass(record.StageClient, record.CauseOther)
	}
	return record.NewClass(stage, record.CauseOther)
}

// classifyLookup counts an NXDOMAIN against the other side, and a look-up that
// could not be sent or got no response in time against this machine.
func classifyLookup(err *net.DNSError) record.Class {
	var errno syscall.Errno
	switch {
	case hasNoRoute(err.UnwrapErr):
		return record.NewClass(record.StageClient, record.CauseRoute)
	case errors.As(err.UnwrapErr, &errno):
		return classifyErrno(record.StageDNS, errno)
	case err.IsNotFound:
		return record.NewClass(record.StageDNS, record.CauseNotFound)
	case err.IsTimeout:
		return record.NewClass(record.StageClient, record.CauseResolver)
	}
	return record.NewClass(record.StageDNS, record.CauseOther)
}

func classifyErrno(stage record.Stage, errno syscall.Errno) record.Class {
	cause, client := causeOf(errno)
	switch {
	case client:
		return record.NewClass(record.StageClient, cause)
	case cause == record.CauseNone:
		return otherClass(stage)
	case cause == record.CauseRefused && stage >= record.StageSend:
		// The handshake had succeeded. This is an ICMP error for the request,
		// or for the acknowledgement of the response, because the port was
		// closed on the way.
		return record.NewClass(stage, record.CauseUnreachable)
	case cause == record.CauseReset && stage == record.StageSend:
		// A failed write cannot tell whether the peer closed before or after
		// our last byte; nothing of a response was there to read.
		return record.NewClass(record.StageWait, record.CauseReset)
	}
	return record.NewClass(stage, cause)
}

// LacksFiles reports whether there was no descriptor left for a socket.
func LacksFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// StageOf returns the stage of an exchange whose request is written.
func StageOf(s h1.Stage) record.Stage {
	switch s {
	case h1.StageIdle:
		return record.StageWait
	case h1.StageHead:
		return record.StageHead
	default:
		return record.StageBody
	}
}
