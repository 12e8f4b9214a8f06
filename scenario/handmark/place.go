package handmark

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
)

// maxPath is how long the path of a Unix socket may be on every system: macOS
// has 104 bytes for it, the last of which is zero.
const maxPath = 103

const (
	prefix     = "nodrop-marks-" // of a directory; the process id follows
	socketName = "socket"
)

// bases returns the directories that may hold that of a run, the best first. The
// last one is for a TMPDIR that is too long.
func bases() []string {
	var list []string
	for _, dir := range [...]string{os.Getenv("XDG_RUNTIME_DIR"), os.TempDir(), shortTemp} {
		if dir = filepath.Clean(dir); filepath.IsAbs(dir) && !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	return list
}

// dirOf returns the directory of a process.
func dirOf(base string, pid int) string { return filepath.Join(base, fmt.Sprint(prefix, pid)) }

// Find returns the path of the socket of the nodrop with a process id. It does
// not tell whether anybody listens there.
func Find(pid int) (path string, ok bool) {
	for _, base := range bases() {
		dir := dirOf(base, pid)
		info, err := os.Lstat(dir)
		if err != nil || !info.IsDir() || !trusted(info) {
			continue
		}
		path = filepath.Join(dir, socketName)
		if _, err := os.Lstat(path); err == nil {
			return path, true
		}
	}
	return "", false
}

// settle creates the directory of a process and listens there. Where its own
// name is taken, the directory gets another one, which Find does not know.
func settle(pid int) (dir string, listener net.Listener, err error) {
	ways := []func(base string) (string, error){
		func(base string) (string, error) { return claim(dirOf(base, pid)) },
		func(base string) (string, error) { return os.MkdirTemp(base, prefix+"x") },
	}
	var all []error
	for _, create := range ways {
		for _, base := range bases() {
			dir, listener, err := settleIn(base, create)
			if err == nil {
				return dir, listener, nil
			}
			all = append(all, err)
		}
	}
	if len(all) == 0 {
		return "", nil, errors.New("there is no directory for temporary files")
	}
	return "", nil, all[0] // of the best place
}

func settleIn(base string, create func(base string) (string, error)) (dir string, listener net.Listener, err error) {
	if longest := dirOf(base, maxID) + "x"; len(filepath.Join(longest, socketName)) > maxPath {
		return "", nil, fmt.Errorf("%s: too long for the path of a socket", base)
	}
	if dir, err = create(base); err != nil {
		return "", nil, err
	}
	listener, err = (&net.ListenConfig{}).Listen(context.Background(), "unix", filepath.Join(dir, socketName))
	if err != nil {
		_ = os.Remove(dir)
	}
	return dir, listener, err
}

// maxID has as many digits as the longest process id, and as what os.MkdirTemp
// adds to a name.
const maxID = 1<<31 - 1

// claim creates a directory that only this user may enter. It replaces what a
// killed nodrop has left, unless somebody answers there: a process of another
// container may have the same id.
func claim(dir string) (string, error) {
	err := os.Mkdir(dir, 0o700)
	if !errors.Is(err, fs.ErrExist) {
		return dir, err
	}
	socket := filepath.Join(dir, socketName)
	if conn, err := dial(context.Background(), socket); err == nil {
		_ = conn.Close()
		return "", fmt.Errorf("%s: in use", dir)
	}
	_ = os.Remove(socket)
	if err := os.Remove(dir); err != nil {
		return "", err
	}
	return dir, os.Mkdir(dir, 0o700)
}

func dial(ctx context.Context, path string) (net.Conn, error) {
	return (&net.Dialer{Timeout: patience}).DialContext(ctx, "unix", path)
}
