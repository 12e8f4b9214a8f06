package faultserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
)

// HandshakeFault is what the server does with a TLS handshake once it has read
// the ClientHello.
type HandshakeFault uint8

// The faults. To add one, add a constant here and a row in the table below.
const (
	HandshakeOK      HandshakeFault = iota // none: the handshake is made
	HandshakeEOF                           // FIN
	HandshakeReset                         // RST
	HandshakeSilence                       // nothing, until the client closes
	HandshakePlain                         // a response in cleartext HTTP, FIN
	HandshakeAlert                         // a fatal alert, FIN

	numHandshakes
)

// handshakes is the only table of handshake faults. early is set because what
// the client sends after its ClientHello is not a request.
var handshakes = [numHandshakes]struct {
	name   string
	script script
}{
	HandshakeOK:      {"handshake ok", script{}},
	HandshakeEOF:     {"handshake eof", script{end: endCut, early: true}},
	HandshakeReset:   {"handshake reset", script{end: endRST}},
	HandshakeSilence: {"handshake silence", script{end: endHold}},
	HandshakePlain:   {"handshake plain", script{out: []byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), end: endFIN, early: true}},
	HandshakeAlert:   {"handshake alert", script{out: []byte{21, 3, 3, 0, 2, 2, 40}, end: endFIN, early: true}}, // fatal, handshake_failure
}

// String returns the fault's name, e.g. "handshake eof".
func (f HandshakeFault) String() string {
	if f >= numHandshakes {
		return fmt.Sprintf("handshake fault(%d)", uint8(f))
	}
	return handshakes[f].name
}

// HandshakeFaults lists all faults in the order of their constants, without
// HandshakeOK.
func HandshakeFaults() []HandshakeFault {
	var all []HandshakeFault
	for f := HandshakeOK + 1; f < numHandshakes; f++ {
		all = append(all, f)
	}
	return all
}

// HandshakePlan chooses the fault of the seq-th handshake of the server, from
// 0, in the order in which their ClientHellos were read. It is called from many
// goroutines at once.
type HandshakePlan func(seq int64) HandshakeFault

// handshake makes the TLS handshake and reports whether it succeeded. A
// connection that ends before its ClientHello has met no fault, and is not
// counted.
func (c *conn) handshake() bool {
	if peekRecord(c.in) != nil {
		return false
	}
	fault := c.server.drawHandshake()
	if fault != HandshakeOK {
		if c.play(handshakes[fault].script) != nil {
			c.server.count(func(n *Counts) *int64 { return &n.Failed })
		}
		return false
	}
	c.tls = tls.Server(peeked{c.tcp, c.in}, c.server.tls)
	if c.tls.HandshakeContext(context.Background()) != nil {
		return false
	}
	c.in = bufio.NewReaderSize(c.tls, readBufferSize)
	return true
}

// peekRecord waits for one whole TLS record.
func peekRecord(in *bufio.Reader) error {
	const head = 5 // type, version and length
	b, err := in.Peek(head)
	if err != nil {
		return err
	}
	_, err = in.Peek(head + int(binary.BigEndian.Uint16(b[3:])))
	return err
}

// peeked is a connection whose first bytes are buffered in in.
type peeked struct {
	*net.TCPConn
	in *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.in.Read(b) }
