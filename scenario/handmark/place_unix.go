//go:build unix

package handmark

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// shortTemp is a directory for temporary files with a short name.
const shortTemp = "/tmp"

// trusted reports whether a directory is this user's own, or this user may enter
// all of them anyway: in a directory for everybody, another user may have taken
// the name.
func trusted(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (os.Geteuid() == 0 || int64(stat.Uid) == int64(os.Geteuid()))
}

// isNobody reports whether the error of a connection to a socket says that nobody
// listens there.
func isNobody(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
}
