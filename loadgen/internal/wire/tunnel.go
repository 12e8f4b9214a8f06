package wire

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"

	"nodrop/loadgen/internal/h1"
)

// Proxy is a proxy that makes tunnels.
type Proxy struct {
	URL     *url.URL
	Address string     // as error texts show it
	Fields  []h1.Field // of what is asked of it
}

// Open makes c, a connection to the proxy, one to host, a name and a port.
func (p *Proxy) Open(c net.Conn, host string) error {
	if p.SOCKS() {
		return p.openSOCKS(c, host)
	}
	return p.openCONNECT(c, host)
}

// SOCKS reports whether it speaks SOCKS, and not HTTP.
func (p *Proxy) SOCKS() bool { return IsSOCKS(p.URL.Scheme) }

// TunnelError is a proxy's refusal to make a tunnel.
type TunnelError struct {
	proxy  string // its address
	Status int
}

func (e TunnelError) Error() string {
	return fmt.Sprintf("%s answered %d to CONNECT", e.proxy, e.Status)
}

// openCONNECT makes c, a connection to an HTTP proxy, one to host. It reads the
// head of the proxy's response byte by byte: what follows belongs to the other
// end.
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
