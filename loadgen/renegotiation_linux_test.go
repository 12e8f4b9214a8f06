package loadgen_test

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"nodrop/loadgen"
	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/misuse"
	"nodrop/loadgen/record"
)

// TestRenegotiation: a server that requests renegotiation, at once or after it
// has read a request, is a misuse error, and there is no report.
func TestRenegotiation(t *testing.T) { eachEngine(t, testRenegotiation) }

func testRenegotiation(t *testing.T, engine record.Engine) {
	for when, line := range map[string]string{"after the handshake": "CIPHER is", "after the request": "GET /"} {
		t.Run(when, func(t *testing.T) {
			address := renegotiating(t, line)
			load, err := loadgen.New(t.Context(), loadgen.Config{Engine: engine, URL: "https://u:secret@" + address + "/", Requests: 5, Workers: 1, TLS: loadgen.TLS{Insecure: true}})
			if err == nil {
				load.Run(t.Context())
				err = load.Refused()
			}
			want := `URL "https://u:***@` + address + `/": the server asks for TLS renegotiation, which nodrop does not support`
			if err == nil || err.Error() != want {
				t.Fatalf("got %v; want %s", err, want)
			}
			if hinted, ok := errors.AsType[*misuse.Error](err); !ok || !strings.Contains(hinted.Hint, "--cert") {
				t.Errorf("%#v has no hint", err)
			}
		})
	}
}

// renegotiating starts OpenSSL's server, which renegotiates when it prints a
// line with the given words. It returns the server's address.
func renegotiating(t *testing.T, words string) string {
	t.Helper()
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("openssl is missing: testdata/setup.sh installs what tests need")
	}
	cert, _ := certificate()
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "both.pem")
	both := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	if err := os.WriteFile(file, both, 0o600); err != nil {
		t.Fatal(err)
	}
	held, err := faultserver.HoldRefused() // reserves a free port
	if err != nil {
		t.Fatal(err)
	}
	address := held.Addr().String()
	_ = held.Close()
	cmd := exec.CommandContext(t.Context(), openssl, "s_server", "-accept", address, "-tls1_2", "-cert", file, "-key", file)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	accepting, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		begun := false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if !begun && lines.Text() == "ACCEPT" {
				begun = true
				close(accepting)
			}
			if strings.Contains(lines.Text(), words) {
				_, _ = io.WriteString(in, "r\n")
			}
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-done
		_ = cmd.Wait()
	})
	select {
	case <-accepting:
	case <-done:
		t.Fatal("openssl s_server ended before it listened")
	}
	return address
}
