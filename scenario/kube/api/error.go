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

// silentError is context.DeadlineExceeded of one request, in words.
type silentError struct{ text string }

func (e *silentError) Error() string { return e.text }

func (e *silentError) Unwrap() error { return context.DeadlineExceeded }

// lineError is an error whose text is one line.
type lineError struct{ error }

func (e lineError) Error() string { return scenario.OneLine(e.error.Error()) }

func (e lineError) Unwrap() error { return e.error }

// OneLine is an error whose text is one line.
func OneLine(err error) error { return lineError{err} }

// Away reports that the API server could not be asked, rather than that it said
// no: it may be back soon.
func Away(err error) bool {
	var network *net.OpError // dialling, reading, writing, and looking a name up for that
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || utilnet.IsProbableEOF(err) || utilnet.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err) || apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsInternalError(err) || strings.Contains(err.Error(), "http2: ")
}

// Refused reports that the API server said no: what was asked of it is not done.
func Refused(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	code := status.Status().Code
	return code >= 400 && code < 500 && code != http.StatusRequestTimeout
}

// again is how long an API server that is away is left alone.
const again = 500 * time.Millisecond

// Persist does what is asked until the API server has answered, or ctx ends.
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
