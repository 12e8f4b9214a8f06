package faultserver

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
)

// HandshakeFault is one way to treat a TLS handshake, once its ClientHello has
// been read.
type HandshakeFault uint8

// The faults. Adding one is a constant here and a row in the table below.
const (
	HandshakeOK      HandshakeFault = iota // none: the handshake is made
	HandshakeEOF                           // FIN
	HandshakeReset                         // RST
	HandshakeSilence                       // nothing, until the client closes
	HandshakePlain                         // a response in cleartext HTTP, FIN
	HandshakeAlert                         // a fatal alert, FIN

	numHandshakes
)

// handshakes is the one table of handshake faults. early: what the client sends
// after its hello is no request.
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

// String is the fault's name, e.g. "handshake eof".
func (f HandshakeFault) String() string {
	if f >= numHandshakes {
		return fmt.Sprintf("handshake fault(%d)", uint8(f))
	}
	return handshakes[f].name
}

// HandshakeFaults lists all faults in the order of their constants, HandshakeOK
// left out.
func HandshakeFaults() []HandshakeFault {
	var all []HandshakeFault
	for f := HandshakeOK + 1; f < numHandshakes; f++ {
		all = append(all, f)
	}
	return all
}

// HandshakePlan chooses the fault of the seq-th handshake the server sees, from
// 0, in the order in which their ClientHellos were read. It is called from many
// goroutines at once.
type HandshakePlan func(seq int64) HandshakeFault

// handshake makes c speak TLS and tells whether it does. A connection that ends
// before its ClientHello has met nothing, and is counted nowhere.
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

// peeked is a connection of which in has read the beginning.
type peeked struct {
	*net.TCPConn
	in *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.in.Read(b) }
