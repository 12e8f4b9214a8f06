package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	"nodrop/loadgen/internal/h1"
)

// Proxy is a proxy that opens tunnels.
type Proxy struct {
	URL     *url.URL
	Address string     // as shown in error texts
	Fields  []h1.Field // of the CONNECT request
}

// Open asks the proxy at the other end of c for a tunnel to host, a name and a
// port.
func (p *Proxy) Open(c net.Conn, host string) error {
	if p.SOCKS() {
		return p.openSOCKS(c, host)
	}
	return p.openCONNECT(c, host)
}

// SOCKS reports whether the proxy speaks SOCKS rather than HTTP.
func (p *Proxy) SOCKS() bool { return IsSOCKS(p.URL.Scheme) }

// TunnelError is a proxy's refusal to open a tunnel.
type TunnelError struct {
	proxy  string // the proxy's address
	Status int
}

func (e TunnelError) Error() string {
	return fmt.Sprintf("%s responded to CONNECT with %d", e.proxy, e.Status)
}

// openCONNECT asks an HTTP proxy for a tunnel to host. It reads the head of the
// response byte by byte, since the bytes after it belong to the tunnel.
func (p *Proxy) openCONNECT(c io.ReadWriter, host string) error {
	connect := h1.Request{Method: "CONNECT", Target: host, Host: host, Fields: p.Fields}
	if _, err := c.Write(connect.Append(nil)); err != nil {
		return err
	}
	var parser h1.Parser
	parser.Reset(true)
	var one [1]byte
	for !parser.Done() {
		n, err := c.Read(one[:])
		if n == 0 && err != nil {
			if errors.Is(err, io.EOF) {
				err = parser.EOF()
			}
			return err
		}
		if _, err := parser.Feed(one[:n]); err != nil {
			return err
		}
	}
	if status := parser.Status(); status < 200 || status > 299 {
		return TunnelError{p.Address, status}
	}
	return nil
}
