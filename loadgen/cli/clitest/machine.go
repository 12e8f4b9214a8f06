package clitest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// Listen takes a free port below the ephemeral range, so that the kernel cannot
// connect a socket to itself when the port is dialled after the listener's end.
func Listen() (net.Listener, error) {
	var config net.ListenConfig
	var err error
	for range 100 {
		var l net.Listener
		if l, err = config.Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(22000))); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// FreePort returns a free port, for servers that open theirs themselves.
func FreePort(t *testing.T) int {
	t.Helper()
	l, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Tool finds a program. A missing program fails the test.
func Tool(t *testing.T, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/local/sbin/" + name, "/usr/sbin/" + name, "/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	t.Fatalf("%s is missing; testdata/setup.sh installs it", name)
	return ""
}

// NewDir makes a directory that servers can read after they have given up root's
// rights.
func NewDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{filepath.Dir(dir), dir} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// WriteFile writes a file that everyone can read.
func WriteFile(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// WriteConf writes a server's configuration: words are pairs, each a placeholder in
// text and its value.
func WriteConf(t *testing.T, file, text string, words ...string) {
	t.Helper()
	WriteFile(t, file, []byte(strings.NewReplacer(words...).Replace(text)))
}

// AddEnvoy adds the Envoy that testdata/setup.sh has installed to the PATH.
func AddEnvoy() {
	cache, err := os.UserCacheDir()
	if err != nil {
		return
	}
	homes, _ := filepath.Glob(filepath.Join(cache, "nodrop", "envoy-*", "bin"))
	for _, home := range homes {
		_ = os.Setenv("PATH", os.Getenv("PATH")+string(filepath.ListSeparator)+home)
	}
}

// NeedsNamespaces skips a test where no network namespace can be made, and says so.
func NeedsNamespaces(t *testing.T) {
	t.Helper()
	NeedsTime(t)
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: network namespaces exist only on Linux")
	}
	if out, err := exec.CommandContext(t.Context(), "unshare", "--net", "true").CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: cannot create a network namespace here: %v %s", err, out)
	}
}
