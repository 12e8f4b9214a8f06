package proc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// ListenerProbe asks the kernel whether a process listens at an address,
// through the socket monitoring interface (sock_diag(7), struct
// inet_diag_req_v2). It sends nothing to the listener.
type ListenerProbe struct {
	fd      int
	request [unix.SizeofNlMsghdr + diagRequest]byte
}

// Sizes and offsets in struct inet_diag_req_v2 and struct inet_diag_msg,
// linux/inet_diag.h.
const (
	diagRequest       = 56
	diagSourcePort    = 8
	diagSource        = 12
	diagCookie        = 48
	diagPort          = 4  // in the message
	diagInode         = 68 // in the message
	diagMessage       = 72
	sockDiagByKind    = 20 // SOCK_DIAG_BY_FAMILY
	diagResponseBytes = 4096
	dumpResponseBytes = 64 << 10
)

// NewListenerProbe returns a probe of addr. It must be closed.
func NewListenerProbe(addr netip.AddrPort) (*ListenerProbe, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	p := &ListenerProbe{fd: fd}
	p.ask(addr)
	return p, nil
}

func (p *ListenerProbe) ask(addr netip.AddrPort) {
	header, body := p.request[:unix.SizeofNlMsghdr], p.request[unix.SizeofNlMsghdr:]
	binary.NativeEndian.PutUint32(header[0:], uint32(len(p.request)))
	binary.NativeEndian.PutUint16(header[4:], sockDiagByKind)
	binary.NativeEndian.PutUint16(header[6:], unix.NLM_F_REQUEST)
	ip := addr.Addr().Unmap()
	body[0], body[1] = unix.AF_INET, unix.IPPROTO_TCP
	if ip.Is6() {
		body[0] = unix.AF_INET6
	}
	binary.NativeEndian.PutUint32(body[4:], 1<<10) // TCP_LISTEN
	binary.BigEndian.PutUint16(body[diagSourcePort:], addr.Port())
	copy(body[diagSource:], ip.AsSlice())
	for i := diagCookie; i < diagRequest; i++ {
		body[i] = 0xff // no cookie
	}
}

// Close releases the probe's socket.
func (p *ListenerProbe) Close() { _ = unix.Close(p.fd) }

// Listens reports whether a process listens at the address now.
func (p *ListenerProbe) Listens() (bool, error) {
	_, listens, err := p.inode()
	return listens, err
}

func (p *ListenerProbe) send() error {
	if err := unix.Sendto(p.fd, p.request[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("sock_diag: %w", err)
	}
	return nil
}

// inode returns the inode of the socket that would receive a connection to the
// address, including one bound to all addresses or of the other family.
func (p *ListenerProbe) inode() (inode uint32, listens bool, err error) {
	if err := p.send(); err != nil {
		return 0, false, err
	}
	response := make([]byte, diagResponseBytes)
	n, _, err := unix.Recvfrom(p.fd, response, 0)
	switch {
	case err != nil:
		return 0, false, fmt.Errorf("sock_diag: %w", err)
	case n < unix.SizeofNlMsghdr+4:
		return 0, false, errors.New("sock_diag: response too short")
	}
	message := response[unix.SizeofNlMsghdr:n]
	switch kind := binary.NativeEndian.Uint16(response[4:]); {
	case kind == sockDiagByKind && len(message) >= diagMessage:
		return binary.NativeEndian.Uint32(message[diagInode:]), true, nil
	case kind == unix.NLMSG_ERROR:
		code := -int32(binary.NativeEndian.Uint32(message))
		if unix.Errno(code) == unix.ENOENT {
			return 0, false, nil
		}
		return 0, false, fmt.Errorf("sock_diag: %w", unix.Errno(code))
	default:
		return 0, false, fmt.Errorf("sock_diag: unexpected response type %d", kind)
	}
}

// listening lists the inodes of all sockets that listen on a port, whatever
// address they are bound to. Several may share one address (SO_REUSEPORT).
func listening(port uint16) ([]uint32, error) {
	var inodes []uint32
	for _, family := range []netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
		probe, err := NewListenerProbe(netip.AddrPortFrom(family, port))
		if err != nil {
			return nil, err
		}
		err = probe.dump(func(message []byte) {
			if binary.BigEndian.Uint16(message[diagPort:]) == port {
				inodes = append(inodes, binary.NativeEndian.Uint32(message[diagInode:]))
			}
		})
		probe.Close()
		if err != nil {
			return nil, err
		}
	}
	return inodes, nil
}

// dump calls take with the message about each listener of the probe's address
// family.
func (p *ListenerProbe) dump(take func(message []byte)) error {
	binary.NativeEndian.PutUint16(p.request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	if err := p.send(); err != nil {
		return err
	}
	for response := make([]byte, dumpResponseBytes); ; {
		n, _, err := unix.Recvfrom(p.fd, response, 0)
		if err != nil {
			return fmt.Errorf("sock_diag: %w", err)
		}
		for rest := response[:n]; len(rest) >= unix.SizeofNlMsghdr; {
			length := int(binary.NativeEndian.Uint32(rest))
			if length < unix.SizeofNlMsghdr || length > len(rest) {
				return errors.New("sock_diag: invalid message length")
			}
			message := rest[unix.SizeofNlMsghdr:length]
			switch binary.NativeEndian.Uint16(rest[4:]) {
			case unix.NLMSG_DONE:
				return nil
			case sockDiagByKind:
				if len(message) >= diagMessage {
					take(message)
				}
			default:
				return errors.New("sock_diag: unexpected response while listing listeners")
			}
			rest = rest[min(len(rest), (length+unix.NLMSG_ALIGNTO-1)&^(unix.NLMSG_ALIGNTO-1)):]
		}
	}
}
