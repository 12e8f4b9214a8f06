package loadgen

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"nodrop/loadgen/internal/h1"
)

// proxyServer is a proxy that makes tunnels.
type proxyServer struct {
	url     *url.URL
	address string  // as error texts show it
	fields  []h1.Field // of what is asked of it
}

// open makes c, a connection to the proxy, one to host, a name and a port.
func (p *proxyServer) open(c net.Conn, host string) error {
	if p.socks() {
		return p.openSOCKS(c, host)
	}
	return p.openCONNECT(c, host)
}

func (p *proxyServer) socks() bool { return isSOCKS(p.url.Scheme) }

// tunnelError is a proxy's refusal to make a tunnel.
type tunnelError struct {
	proxy  string // its address
	status int
}

func (e tunnelError) Error() string {
	return fmt.Sprintf("%s answered %d to CONNECT", e.proxy, e.status)
}

// openCONNECT makes c, a connection to an HTTP proxy, one to host, a name and a port. It reads the head
// of the proxy's answer byte by byte: what follows belongs to the other end.
func (p *proxyServer) openCONNECT(c io.ReadWriter, host string) error {
	connect := h1.Request{Method: "CONNECT", Target: host, Host: host, Fields: p.fields}
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
		return tunnelError{p.address, status}
	}
	return nil
}
