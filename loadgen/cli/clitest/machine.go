package clitest

import (
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

// Listen takes a free port below the ephemeral range: when it is dialled after
// its end, the kernel cannot connect the socket to itself.
func Listen() (net.Listener, error) {
	var err error
	for range 100 {
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 10000+rand.IntN(22000))); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// FreePort is for servers that open their port themselves.
func FreePort(t *testing.T) int {
	t.Helper()
	l, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Tool finds a program; what is missing fails the test that needs it.
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

// NewDir makes a directory that servers can read, too, which give up root's
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

// WriteFile writes one that everyone can read.
func WriteFile(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// WriteConf writes a server's configuration with the values for its words.
func WriteConf(t *testing.T, file, text string, words ...string) {
	t.Helper()
	WriteFile(t, file, []byte(strings.NewReplacer(words...).Replace(text)))
}

// AddEnvoy puts what testdata/setup.sh has installed where it is looked for.
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

// NeedsNamespaces says aloud that a test is not run where the system has no
// network namespaces for us.
func NeedsNamespaces(t *testing.T) {
	t.Helper()
	NeedsTime(t)
	if runtime.GOOS != "linux" {
		t.Skip("NOT RUN: network namespaces are of Linux")
	}
	if out, err := exec.Command("unshare", "--net", "true").CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: no network namespace can be made here: %v %s", err, out)
	}
}
