package loadgen

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// DNSMode is when a name is resolved.
type DNSMode string

// The modes. A request can fail in the dns stage only with DNSPerConnection.
const (
	DNSRefresh       DNSMode = "refresh"        // at the start, then every second in the background
	DNSOnce          DNSMode = "once"           // at the start
	DNSPerConnection DNSMode = "per-connection" // for each connection, within the request
)

// DNSModeNames lists the modes.
func DNSModeNames() []string {
	return []string{string(DNSRefresh), string(DNSOnce), string(DNSPerConnection)}
}

// Validate rejects an unknown mode.
func (m DNSMode) Validate() error {
	if slices.Contains(DNSModeNames(), string(m)) {
		return nil
	}
	return wrong("%v %q: want one of %s", OptionDNS, string(m), strings.Join(DNSModeNames(), ", "))
}

// refreshEvery is how often DNSRefresh resolves the name.
const refreshEvery = time.Second

// ResolveError is a name that could not be resolved before the load.
type ResolveError struct {
	Host string
	Err  error
}

func (e *ResolveError) Error() string {
	why := fmt.Sprint(e.Err)
	if lookup, ok := errors.AsType[*net.DNSError](e.Err); ok {
		why = lookup.Err
	}
	return e.Host + ": does not resolve: " + why
}

func (e *ResolveError) Unwrap() error { return e.Err }
