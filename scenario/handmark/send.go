package handmark

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"nodrop/loadgen/record"
)

// ErrNobody is wrapped by the error of Send if nobody listens at the socket.
var ErrNobody = errors.New("no nodrop takes marks there")

// Send sends a mark to the run behind a socket, and returns once it is taken.
func Send(ctx context.Context, path string, kind record.MarkKind, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	conn, err := dial(ctx, path)
	switch {
	case err == nil:
	case isNobody(err):
		return fmt.Errorf("%w: %w", ErrNobody, err)
	default:
		return fmt.Errorf("cannot reach the nodrop that sends the load: %w", err)
	}
	defer conn.Close()
	// The end of ctx ends a wait for the answer.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if err := writeLine(conn, request{Version: version, Kind: string(kind), Endpoint: endpoint}); err != nil {
		return fmt.Errorf("nodrop did not take the mark: %w", err)
	}
	var a answer
	switch err := readLine(conn, &a); {
	case ctx.Err() != nil:
		return fmt.Errorf("no answer from nodrop: %w", ctx.Err())
	case errors.Is(err, io.EOF):
		return errors.New("nodrop closed the connection before it took the mark")
	case err != nil:
		return fmt.Errorf("nodrop did not take the mark: %w", err)
	case a.Error != "":
		return errors.New(a.Error)
	case a.Version != version:
		return fmt.Errorf("the nodrop that records the load has version %d of the protocol for marks; this one has version %d", a.Version, version)
	}
	return nil
}
