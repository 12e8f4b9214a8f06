package api

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	utilnet "k8s.io/apimachinery/pkg/util/net"

	"nodrop/scenario"
)

// silentError explains the context.DeadlineExceeded of one request.
type silentError struct{ text string }

func (e *silentError) Error() string { return e.text }

func (e *silentError) Unwrap() error { return context.DeadlineExceeded }

type lineError struct{ error }

func (e lineError) Error() string { return scenario.OneLine(e.error.Error()) }

func (e lineError) Unwrap() error { return e.error }

// OneLine wraps an error so that its text is one line.
func OneLine(err error) error { return lineError{err} }

// Away reports that the API server was unreachable or overloaded, not that it
// refused: it may be back soon.
func Away(err error) bool {
	var network *net.OpError // dial, read, write, and the name lookup of a dial
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || utilnet.IsProbableEOF(err) || utilnet.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsInternalError(err) || strings.Contains(err.Error(), "http2: ")
}

// Refused reports that the API server refused the request, so nothing changed.
func Refused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= 400 && code < 500 && code != http.StatusRequestTimeout
}

// again is the pause before a retry while the API server is unreachable.
const again = 500 * time.Millisecond

// Persist calls do until the API server responds or ctx ends.
func Persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || !Away(err) {
			return err
		}
		if !scenario.Sleep(ctx, again) {
			return err
		}
	}
}
