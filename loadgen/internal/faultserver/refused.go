package faultserver

import "net/netip"

// Refused is an address of 127.0.0.1 that refuses every connection while it is
// held: its socket is bound, so that nobody else gets the port, and never
// listens.
type Refused struct {
	sock *socket
}

// HoldRefused takes a free port and holds it.
func HoldRefused() (*Refused, error) {
	sock, err := bound()
	if err != nil {
		return nil, err
	}
	return &Refused{sock}, nil
}

// Addr returns the address that refuses.
func (r *Refused) Addr() netip.AddrPort { return r.sock.addr }

// Close releases the port.
func (r *Refused) Close() error { return r.sock.close() }
