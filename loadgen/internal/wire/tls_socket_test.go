package wire

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"nodrop/loadgen/internal/faultserver"
)

// pipeSocket is a socket without a buffer: a write blocks until the peer reads.
type pipeSocket struct{ net.Conn }

func (pipeSocket) Quiet() bool { return true }

func (pipeSocket) OnWait(func()) {}
func (pipeSocket) Cut()          {}

func securePipe(t *testing.T) (client *SecureSocket, server *tls.Conn) {
	t.Helper()
	cert, roots, err := faultserver.SelfSigned("gateway")
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := net.Pipe()
	t.Cleanup(func() {
		_ = ours.Close()
		_ = theirs.Close()
	})
	server = tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{cert}, SessionTicketsDisabled: true})
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	client, err = Secure(pipeSocket{ours}, &tls.Config{RootCAs: roots, ServerName: "gateway"})
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	return client, server
}

// TestCloseDoesNotWait: crypto/tls alone would wait 5 s to send close_notify.
func TestCloseDoesNotWait(t *testing.T) {
	client, _ := securePipe(t)
	began := time.Now()
	_ = client.Close()
	if took := time.Since(began); took >= 5*time.Second {
		t.Errorf("close took %v", took)
	}
}

// TestCloseSaysGoodbye: servers log a connection that ends without
// close_notify.
func TestCloseSaysGoodbye(t *testing.T) {
	client, server := securePipe(t)
	var wire bytes.Buffer
	read := make(chan error)
	go func() {
		_, err := io.Copy(&wire, server.NetConn())
		read <- err
	}()
	if err := client.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; err != nil || wire.Len() == 0 {
		t.Errorf("the peer read %d bytes, %v; want an alert", wire.Len(), err)
	}
}

// TestProbeKeepsWhatItRead checks that half a record found between responses is
// kept for the next read.
func TestProbeKeepsWhatItRead(t *testing.T) {
	var from bytes.Buffer
	socket := &scriptedSocket{from: &from}
	p := &probedSocket{Socket: socket, probing: true}
	from.WriteString("ab")
	b := make([]byte, 10)
	if n, err := p.Read(b); n != 2 || err != nil {
		t.Errorf("got %d, %v; want both bytes", n, err)
	}
	if n, err := p.Read(b); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %d, %v; want %v", n, err, os.ErrDeadlineExceeded)
	}
}

// scriptedSocket is quiet when there is nothing left to read.
type scriptedSocket struct {
	Socket
	from *bytes.Buffer
}

func (s *scriptedSocket) Quiet() bool                { return s.from.Len() == 0 }
func (s *scriptedSocket) Read(b []byte) (int, error) { return s.from.Read(b) }
