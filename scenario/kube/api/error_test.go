package api

import (
	"context"
	"net"
	"net/url"
	"os"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// TestAway checks that Away tells an unreachable API server from one that refuses.
func TestAway(t *testing.T) {
	c := &Cluster{Context: "x"}
	dial := func(err error) error { return &url.Error{Op: "Get", Err: &net.OpError{Op: "dial", Err: err}} }
	for _, err := range []error{
		dial(os.NewSyscallError("connect", syscall.ENETUNREACH)), dial(os.NewSyscallError("connect", syscall.EHOSTUNREACH)),
		dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), dial(&net.DNSError{Err: "no such host", IsNotFound: true}),
		&url.Error{Op: "Patch", Err: &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.EPIPE)}}, context.DeadlineExceeded, &url.Error{Op: "Get", Err: context.DeadlineExceeded},
		apierrors.NewServiceUnavailable("soon"), apierrors.NewTooManyRequestsError("later"),
	} {
		if !Away(c.Explain("deployment/gw", err)) {
			t.Errorf("%v: want it classified as unreachable", err)
		}
	}
	for _, err := range []error{apierrors.NewForbidden(PodsResource().GroupResource(), "x", nil), apierrors.NewBadRequest("no"), apierrors.NewNotFound(PodsResource().GroupResource(), "x")} {
		if Away(c.Explain("deployment/gw", err)) {
			t.Errorf("%v: want it classified as a refusal", err)
		}
	}
}
