//go:build unix

package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"nodrop/loadgen/internal/faultserver"
)

// serveEnv makes this test binary a server, so that a benchmark does not count
// what the server costs.
const serveEnv = "NODROP_TEST_SERVE_PROBES"

// TestServeProbes is the server of BenchmarkProbe. It writes its addresses
// without and with TLS, and its certificate, and serves until its input ends.
func TestServeProbes(t *testing.T) {
	if os.Getenv(serveEnv) == "" {
		t.Skip("not a test: BenchmarkProbe runs it in a process of its own")
	}
	cert, _, err := faultserver.SelfSigned(gateway)
	if err != nil {
		t.Fatal(err)
	}
	secure := &tls.Config{Certificates: []tls.Certificate{cert}}
	fmt.Println(serve(t, okResponse, nil), serve(t, okResponse, secure), base64.StdEncoding.EncodeToString(cert.Certificate[0]))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// apart are the addresses of a server in a process of its own.
type apart struct {
	cleartext, secure netip.AddrPort
	roots             *x509.CertPool
}

func serveApart(b *testing.B) apart {
	b.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(b.Context()), os.Args[0], "-test.run=^TestServeProbes$")
	cmd.Env = append(os.Environ(), serveEnv+"=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			b.Error(err)
		}
	})
	var texts [3]string
	read := bufio.NewReader(out)
	if _, err := fmt.Fscan(read, &texts[0], &texts[1], &texts[2]); err != nil {
		b.Fatal(err)
	}
	der, err := base64.StdEncoding.DecodeString(texts[2])
	if err != nil {
		b.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		b.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, read) }()
	s := apart{netip.MustParseAddrPort(texts[0]), netip.MustParseAddrPort(texts[1]), x509.NewCertPool()}
	s.roots.AddCert(cert)
	return s
}

// processorTime returns how long this process has used a processor.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkProbe is the processor time of one probe on this side, with a resumed
// and a whole TLS handshake. There are at most 20 a second: %core@20/s is how
// much of one core they take.
func BenchmarkProbe(b *testing.B) {
	server := serveApart(b)
	secure := &tls.Config{RootCAs: server.roots, ServerName: gateway}
	for _, c := range []struct {
		name  string
		to    netip.AddrPort
		tls   *tls.Config
		whole bool
	}{
		{"cleartext", server.cleartext, nil, false},
		{"tls", server.secure, secure, false},
		{"tls-whole", server.secure, secure, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := newProber(b, c.to)
			p.job.First.TLS = c.tls
			b.ReportAllocs()
			before := processorTime(b)
			for b.Loop() {
				p.list = p.list[:0]
				if got := p.try(b.Context(), &subject{loss: 1, whole: c.whole}); !got.works {
					b.Fatalf("%+v", p.list)
				}
			}
			used := float64(processorTime(b)-before) / float64(b.N)
			b.ReportMetric(used/1e3, "cpu-µs/op")
			b.ReportMetric(used*perSecond/float64(time.Second)*100, "%core@20/s")
		})
	}
}
