package loadgen_test

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"io"
	"log"
	"net"
	"strings"
	"testing"
)

// quietLog discards net/http's messages about connections that tests break.
var quietLog = log.New(io.Discard, "", 0)

// Types of TLS records.
const (
	alertRecord     = 21
	handshakeRecord = 22
	dataRecord      = 23
)

// records writes the records of a TLS 1.3 server one by one: crypto/tls cannot
// send tickets, key updates or alerts on request, nor two records at once.
type records struct {
	tcp    *net.TCPConn
	secret []byte
	seq    uint64
}

// recordServer passes each connection to serve after its handshake.
func recordServer(t *testing.T, serve func(r *records, in *bufio.Reader)) (url string) {
	t.Helper()
	return recordServerAsking(t, tls.NoClientCert, serve)
}

// recordServerAsking is recordServer for a server that requests certificates.
func recordServerAsking(t *testing.T, auth tls.ClientAuthType, serve func(r *records, in *bufio.Reader)) (url string) {
	t.Helper()
	cert, _ := certificate()
	return strings.Replace(rawServer(t, func(c *net.TCPConn, in *bufio.Reader) {
		var keys bytes.Buffer
		s := tls.Server(readerConn{c, in}, &tls.Config{
			Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS13, ClientAuth: auth,
			SessionTicketsDisabled: true, // tickets would be additional records
			KeyLogWriter:           &keys,
		})
		if s.Handshake() != nil {
			return
		}
		if suite := s.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
			t.Errorf("cipher suite %s: not one this server knows", tls.CipherSuiteName(suite))
			return
		}
		serve(&records{tcp: c, secret: serverSecret(&keys)}, bufio.NewReader(s))
	}), "http:", "https:", 1)
}

// readerConn is a connection that is read through in.
type readerConn struct {
	*net.TCPConn
	in *bufio.Reader
}

func (c readerConn) Read(b []byte) (int, error) { return c.in.Read(b) }

func serverSecret(keys *bytes.Buffer) []byte {
	for line := range strings.Lines(keys.String()) {
		if f := strings.Fields(line); f[0] == "SERVER_TRAFFIC_SECRET_0" {
			secret, _ := hex.DecodeString(f[2]) // valid hexadecimal, written by crypto/tls
			return secret
		}
	}
	return nil
}

// expand is HKDF-Expand-Label of RFC 8446, section 7.1, without a context.
func (r *records) expand(label string, length int) []byte {
	info := binary.BigEndian.AppendUint16(nil, uint16(length))
	info = append(info, byte(len("tls13 ")+len(label)))
	info = append(info, "tls13 "+label+"\x00"...)
	out, err := hkdf.Expand(sha256.New, r.secret, string(info), length)
	if err != nil {
		panic(err)
	}
	return out
}

func (r *records) seal(kind byte, content []byte) []byte {
	block, err := aes.NewCipher(r.expand("key", 16))
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	nonce := r.expand("iv", 12)
	for i, b := range binary.BigEndian.AppendUint64(nil, r.seq) {
		nonce[4+i] ^= b
	}
	r.seq++
	head := []byte{dataRecord, 3, 3}
	head = binary.BigEndian.AppendUint16(head, uint16(len(content)+1+aead.Overhead()))
	return append(head, aead.Seal(nil, nonce, append(bytes.Clone(content), kind), head)...)
}

// update returns the record of a key update, and changes the key.
func (r *records) update(message []byte) []byte {
	out := r.seal(handshakeRecord, message)
	r.secret, r.seq = r.expand("traffic upd", sha256.Size), 0
	return out
}
