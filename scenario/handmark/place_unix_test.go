//go:build unix

package handmark

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nodrop/loadgen/record"
)

// TestIsNobody: what keeps a sender from the socket does not say that nobody
// listens there.
func TestIsNobody(t *testing.T) {
	for err, want := range map[syscall.Errno]bool{
		syscall.ENOENT: true, syscall.ECONNREFUSED: true,
		syscall.EACCES: false, syscall.EPERM: false, syscall.EAGAIN: false, syscall.EMFILE: false, syscall.ETIMEDOUT: false,
	} {
		if got := isNobody(&net.OpError{Op: "dial", Err: &os.SyscallError{Syscall: "connect", Err: err}}); got != want {
			t.Errorf("%v: got %t", err, got)
		}
	}
}

// TestCannotReach: a socket that cannot be reached is not one where nobody
// listens.
func TestCannotReach(t *testing.T) {
	base := inTemp(t)
	long := filepath.Join(base, strings.Repeat("x", 200))
	if err := Send(t.Context(), long, record.MarkReady, "web"); err == nil || errors.Is(err, ErrNobody) || !strings.HasPrefix(err.Error(), "cannot reach the nodrop that sends the load: ") {
		t.Errorf("got %v", err)
	}
	if os.Geteuid() == 0 {
		t.Skip("NOT RUN: root may enter every directory")
	}
	r, path := open(t, (&book{}).take)
	defer r.Close()
	if err := os.Chmod(filepath.Dir(path), 0o000); err != nil {
		t.Fatal(err)
	}
	err := Send(t.Context(), path, record.MarkReady, "web")
	if chmodErr := os.Chmod(filepath.Dir(path), 0o700); chmodErr != nil {
		t.Fatal(chmodErr)
	}
	if !errors.Is(err, fs.ErrPermission) || errors.Is(err, ErrNobody) {
		t.Errorf("got %v", err)
	}
}
