package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// listenerProbe asks the kernel whether anything listens at an address, by the
// socket monitoring interface (sock_diag(7), struct inet_diag_req_v2): nothing is
// sent to whoever listens.
type listenerProbe struct {
	fd      int
	request [unix.SizeofNlMsghdr + diagRequest]byte
}

// Sizes and places in struct inet_diag_req_v2, linux/inet_diag.h.
const (
	diagRequest     = 56
	diagSourcePort  = 8
	diagSource      = 12
	diagCookie      = 48
	sockDiagByKind  = 20 // SOCK_DIAG_BY_FAMILY
	diagAnswerBytes = 4096
)

// newListenerProbe makes one for an IPv4 address.
func newListenerProbe(addr netip.AddrPort) (*listenerProbe, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_INET_DIAG)
	if err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	p := &listenerProbe{fd: fd}
	header, body := p.request[:unix.SizeofNlMsghdr], p.request[unix.SizeofNlMsghdr:]
	binary.NativeEndian.PutUint32(header[0:], uint32(len(p.request)))
	binary.NativeEndian.PutUint16(header[4:], sockDiagByKind)
	binary.NativeEndian.PutUint16(header[6:], unix.NLM_F_REQUEST)
	body[0], body[1] = unix.AF_INET, unix.IPPROTO_TCP
	binary.NativeEndian.PutUint32(body[4:], 1<<10) // TCP_LISTEN
	binary.BigEndian.PutUint16(body[diagSourcePort:], addr.Port())
	ip := addr.Addr().As4()
	copy(body[diagSource:], ip[:])
	for i := diagCookie; i < diagRequest; i++ {
		body[i] = 0xff // no cookie
	}
	return p, nil
}

func (p *listenerProbe) close() { _ = unix.Close(p.fd) }

// listens asks.
func (p *listenerProbe) listens() (bool, error) {
	if err := unix.Sendto(p.fd, p.request[:], 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return false, fmt.Errorf("sock_diag: %w", err)
	}
	answer := make([]byte, diagAnswerBytes)
	n, _, err := unix.Recvfrom(p.fd, answer, 0)
	switch {
	case err != nil:
		return false, fmt.Errorf("sock_diag: %w", err)
	case n < unix.SizeofNlMsghdr+4:
		return false, errors.New("sock_diag: the answer is too short")
	}
	switch kind := binary.NativeEndian.Uint16(answer[4:]); kind {
	case sockDiagByKind:
		return true, nil
	case unix.NLMSG_ERROR:
		code := -int32(binary.NativeEndian.Uint32(answer[unix.SizeofNlMsghdr:]))
		if unix.Errno(code) == unix.ENOENT {
			return false, nil
		}
		return false, fmt.Errorf("sock_diag: %w", unix.Errno(code))
	default:
		return false, fmt.Errorf("sock_diag: an answer of kind %d", kind)
	}
}
