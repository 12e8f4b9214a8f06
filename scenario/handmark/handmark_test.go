package handmark

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// inTemp gives the test a directory of its own for temporary files, whose name is
// short enough for a socket.
func inTemp(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "t") // the name of t.TempDir is too long on macOS
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	useTemp(t, dir)
	return dir
}

func useTemp(t *testing.T, dir string) {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("TMPDIR", dir)
	t.Setenv("TMP", dir)
}

// book takes marks, or refuses them with err.
type book struct {
	err error

	mu    sync.Mutex // guards below
	marks []record.Mark
	times []time.Time
}

func (b *book) take(mark record.Mark, at time.Time) error {
	if b.err != nil {
		return b.err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.marks, b.times = append(b.marks, mark), append(b.times, at)
	return nil
}

func (b *book) expect(t *testing.T, want int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.marks) != want {
		t.Errorf("marks %+v; want %d", b.marks, want)
	}
}

// open opens a receiver under the id of this process.
func open(t *testing.T, take Take) (*Receiver, string) {
	t.Helper()
	r := &Receiver{}
	path, err := r.Open(os.Getpid(), take)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r, path
}

// TestSend: a mark of each kind arrives as it was sent. Its time is between the
// call of Send and its return.
func TestSend(t *testing.T) {
	inTemp(t)
	b := &book{}
	_, path := open(t, b.take)
	for i, k := range kinds {
		before := time.Now()
		if err := Send(t.Context(), path, k.kind, fmt.Sprintf("web-%d", i)); err != nil {
			t.Fatalf("%s: %v", k.name, err)
		}
		b.expect(t, i+1)
		name := fmt.Sprintf("web-%d", i)
		want := record.Mark{Kind: k.kind, Name: k.kind.Of(name), Endpoint: name}
		if !cmp.Equal(b.marks[i], want) {
			t.Errorf("%s: got %+v; want %+v", k.name, b.marks[i], want)
		}
		if at := b.times[i]; at.Before(before) || at.After(time.Now()) {
			t.Errorf("%s: at %v; want from %v", k.name, at, before)
		}
	}
}

// TestSendAtOnce: many senders are served side by side.
func TestSendAtOnce(t *testing.T) {
	inTemp(t)
	b := &book{}
	_, path := open(t, b.take)
	const senders = 50
	failed := make(chan error, senders)
	for i := range senders {
		go func() { failed <- Send(t.Context(), path, record.MarkExited, fmt.Sprint("web-", i)) }()
	}
	for range senders {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
	b.expect(t, senders)
}

// TestSendRefused: the sender hears why a mark was not taken.
func TestSendRefused(t *testing.T) {
	inTemp(t)
	b := &book{err: errors.New("the load has not begun")}
	r, path := open(t, b.take)
	if err := Send(t.Context(), path, record.MarkReady, "web"); err == nil || err.Error() != b.err.Error() {
		t.Errorf("got %v; want %v", err, b.err)
	}
	r.Close()
	if err := Send(t.Context(), path, record.MarkReady, "web"); !errors.Is(err, ErrNobody) {
		t.Errorf("after the end: got %v; want %v", err, ErrNobody)
	}
	if _, err := r.Open(os.Getpid(), b.take); err == nil {
		t.Error("it opens again")
	}
}

// TestSendInterrupted: the end of the context ends the wait for an answer.
func TestSendInterrupted(t *testing.T) {
	inTemp(t)
	taking, over := make(chan struct{}), make(chan struct{})
	_, path := open(t, func(record.Mark, time.Time) error {
		close(taking)
		<-over
		return nil
	})
	defer close(over)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-taking
		cancel()
	}()
	if err := Send(ctx, path, record.MarkReady, "web"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want %v", err, context.Canceled)
	}
}

// speak sends text to a socket and returns the error of the answer, which must
// be a line of this version.
func speak(t *testing.T, path, text string) string {
	t.Helper()
	conn, err := dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	var a answer
	if err := readLine(conn, &a); err != nil || a.Version != version {
		t.Fatalf("%q: got %+v, %v", text, a, err)
	}
	return a.Error
}

// TestProtocol: what is not a mark is answered, and is no mark.
func TestProtocol(t *testing.T) {
	inTemp(t)
	b := &book{}
	_, path := open(t, b.take)
	for text, want := range map[string]string{
		"GET / HTTP/1.1\n": "invalid character 'G' looking for beginning of value",
		`{"version":2,"kind":"exited","endpoint":"web"}` + "\n":       "version 2 of the protocol for marks; the nodrop that records the load has version 1",
		`{"version":1,"kind":"step","endpoint":"web"}` + "\n":         `"step" is not a kind of mark`,
		`{"version":1,"kind":"exited","endpoint":""}` + "\n":          "the endpoint has no name",
		`{"version":1,"kind":"exited","endpoint":"a\u001b[m"}` + "\n": "the name of the endpoint has characters that cannot be shown",
		strings.Repeat("x", maxLine):                                  errTooLong.Error(),
	} {
		if got := speak(t, path, text); got != want {
			t.Errorf("%.60q: got %q; want %q", text, got, want)
		}
	}
	b.expect(t, 0)
	if got := speak(t, path, `{"version":1,"kind":"exited","endpoint":"web","more":7}`+"\n"); got != "" {
		t.Errorf("got %q for a mark", got)
	}
	b.expect(t, 1)
}

// TestOtherVersion: the answer of another version is not an acknowledgement.
func TestOtherVersion(t *testing.T) {
	path := filepath.Join(inTemp(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for text, want := range map[string]string{
		"{\"version\":2}\n": "the nodrop that records the load has version 2 of the protocol for marks; this one has version 1",
		"":                  "nodrop closed the connection before it took the mark",
		"no\n":              "nodrop did not take the mark: invalid character 'o' in literal null (expecting 'u')",
	} {
		served := make(chan error, 1)
		go func() {
			conn, err := l.Accept()
			if err == nil {
				var q request
				_ = readLine(conn, &q)
				_, err = conn.Write([]byte(text))
				_ = conn.Close()
			}
			served <- err
		}()
		if err := Send(t.Context(), path, record.MarkReady, "web"); err == nil || err.Error() != want {
			t.Errorf("answer %q: got %v; want %s", text, err, want)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}

// TestSilentPeer: one that says nothing holds up neither other senders nor the
// end.
func TestSilentPeer(t *testing.T) {
	inTemp(t)
	b := &book{}
	r, path := open(t, b.take)
	silent, err := dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for i := range 3 {
		if err := Send(t.Context(), path, record.MarkReady, "web"); err != nil {
			t.Fatal(err)
		}
		b.expect(t, i+1)
	}
	r.Close()
	var a answer
	if err := readLine(silent, &a); err != nil || a.Error != errOver.Error() {
		t.Errorf("it hears %+v, %v; want %v", a, err, errOver)
	}
}

// TestCloseAnswers: a mark that has come before the end is answered.
func TestCloseAnswers(t *testing.T) {
	inTemp(t)
	b := &book{}
	taking, ended := make(chan struct{}), make(chan struct{})
	r, path := open(t, func(mark record.Mark, at time.Time) error {
		close(taking)
		<-ended
		return b.take(mark, at)
	})
	sent := make(chan error, 1)
	go func() { sent <- Send(t.Context(), path, record.MarkReady, "web") }()
	<-taking
	r.Remove()
	close(ended)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	b.expect(t, 1)
}

// TestFind: the directory is the user's own and ends with the receiver.
func TestFind(t *testing.T) {
	base := inTemp(t)
	if path, ok := Find(os.Getpid()); ok {
		t.Errorf("found %s before there is a receiver", path)
	}
	r, path := open(t, (&book{}).take)
	if found, ok := Find(os.Getpid()); !ok || found != path {
		t.Errorf("found %q, %t; want %q", found, ok, path)
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o700 {
		t.Errorf("%s has mode %o", dir, mode)
	}
	r.Close()
	if left, err := os.ReadDir(base); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if path, ok := Find(os.Getpid()); ok {
		t.Errorf("found %s after the end", path)
	}
}

// TestKilledBefore: what a killed nodrop with the same id has left takes no
// marks, and does not stand in the way.
func TestKilledBefore(t *testing.T) {
	base := inTemp(t)
	dir := dirOf(base, os.Getpid())
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	stale := filepath.Join(dir, socketName)
	l, err := net.Listen("unix", stale)
	if err != nil {
		t.Fatal(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = l.Close()
	if err := Send(t.Context(), stale, record.MarkReady, "web"); !errors.Is(err, ErrNobody) {
		t.Errorf("got %v; want %v", err, ErrNobody)
	}
	b := &book{}
	_, path := open(t, b.take)
	if path != stale {
		t.Errorf("the socket is %s; want %s", path, stale)
	}
	if err := Send(t.Context(), path, record.MarkReady, "web"); err != nil {
		t.Error(err)
	}
	b.expect(t, 1)
}

// TestSameID: a receiver does not take the place of one that answers, nor of
// anything else that has its name. Both get their own marks.
func TestSameID(t *testing.T) {
	base := inTemp(t)
	first, second := &book{}, &book{}
	_, one := open(t, first.take)
	_, two := open(t, second.take)
	if found, _ := Find(os.Getpid()); one == two || found != one {
		t.Errorf("sockets %s and %s; found is %s", one, two, found)
	}
	for _, path := range []string{one, two} {
		if err := Send(t.Context(), path, record.MarkReady, "web"); err != nil {
			t.Error(err)
		}
	}
	first.expect(t, 1)
	second.expect(t, 1)

	const other = maxID // somebody else's files are in its directory
	dir := dirOf(base, other)
	if err := os.MkdirAll(filepath.Join(dir, "file"), 0o700); err != nil {
		t.Fatal(err)
	}
	var r Receiver
	defer r.Close()
	if path, err := r.Open(other, second.take); err != nil || filepath.Dir(path) == dir {
		t.Errorf("the socket is %s, %v", path, err)
	}
}

// TestLongTemp: where the directory for temporary files has too long a name, or
// none that all processes agree on, the socket is elsewhere, and is found there.
func TestLongTemp(t *testing.T) {
	if shortTemp == "" {
		t.Skip("NOT RUN: there is no other directory on this system")
	}
	base := inTemp(t)
	long := filepath.Join(base, strings.Repeat("x", maxPath))
	if err := os.Mkdir(long, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"long": long, "relative": "relative", "missing": filepath.Join(base, "missing")} {
		t.Run(name, func(t *testing.T) {
			useTemp(t, dir)
			b := &book{}
			_, path := open(t, b.take)
			if len(path) > maxPath || filepath.Dir(filepath.Dir(path)) != shortTemp {
				t.Errorf("the socket is %s", path)
			}
			if found, ok := Find(os.Getpid()); !ok || found != path {
				t.Errorf("found %q, %t; want %q", found, ok, path)
			}
			if err := Send(t.Context(), path, record.MarkReady, "web"); err != nil {
				t.Error(err)
			}
			b.expect(t, 1)
		})
	}
}

func TestParseKind(t *testing.T) {
	for text, want := range map[string]record.MarkKind{
		"terminating": record.MarkTerminating, "signalled": record.MarkSignalled, "killed": record.MarkKilled,
		"exited": record.MarkExited, "ready": record.MarkReady,
		"listener closed": record.MarkListenerClosed, "listener-closed": record.MarkListenerClosed,
		"removed": record.MarkEndpointRemoved, "endpoint removed": record.MarkEndpointRemoved, "endpoint-removed": record.MarkEndpointRemoved,
		"": "", "step": "", "crashed": "", "Removed": "", "terminated": "", "note": "",
	} {
		if got, ok := ParseKind(text); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t; want %q", text, got, ok, want)
		}
	}
	for _, name := range KindNames() {
		if kind, ok := ParseKind(name); !ok || NameOf(kind) != name {
			t.Errorf("%q is called %q", name, NameOf(kind))
		}
	}
}

func TestEndpointName(t *testing.T) {
	long := strings.Repeat("x", 1000)
	for text, want := range map[string]string{
		"10.0.0.5:8080":          "10.0.0.5:8080",
		" 10.0.0.5:8080 ":        "10.0.0.5:8080",
		"[::ffff:10.0.0.5]:8080": "10.0.0.5:8080",
		"[0:0:0:0:0:0:0:1]:80":   "[::1]:80",
		"[::1]":                  "::1",
		"::1":                    "::1",
		"10.0.0.5":               "10.0.0.5",
		"web-1":                  "web-1",
		"localhost:8080":         "localhost:8080",
		"backend/web 1":          "backend/web 1",
		"日本":                     "日本",
		long:                     safetext.Bounded(long),
		"":                       "",
		" ":                      "",
		"a\nb":                   "",
		"a\x00":                  "",
		"a\xff":                  "",
	} {
		got, err := EndpointName(text)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: got %q, %v; want %q", text, got, err, want)
		}
		if again, err := EndpointName(got); want != "" && (again != got || err != nil) {
			t.Errorf("%.40q: %q is called %q, %v", text, got, again, err)
		}
	}
}
