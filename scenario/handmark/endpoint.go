package handmark

import (
	"errors"
	"net/netip"
	"strings"

	"nodrop/loadgen/safetext"
)

// EndpointName returns the name of an endpoint as recordings spell it. An address,
// with or without a port, gets the one form that connections to it are recorded
// under; everything else is a name of the user's own choice.
func EndpointName(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", errors.New("the endpoint has no name")
	case safetext.CleanLine(text) != text:
		return "", errors.New("the name of the endpoint has characters that cannot be shown")
	}
	if at, err := netip.ParseAddrPort(text); err == nil {
		return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()).String(), nil
	}
	bare := text
	if within, ok := strings.CutPrefix(text, "["); ok {
		bare = strings.TrimSuffix(within, "]")
	}
	if addr, err := netip.ParseAddr(bare); err == nil {
		return addr.Unmap().String(), nil
	}
	return safetext.Bounded(safetext.MaskText(text)), nil
}
