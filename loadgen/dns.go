package loadgen

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"
)

// DNSMode says when a name is resolved.
type DNSMode string

// The modes. Only with DNSPerConnection can a request fail in the dns stage.
const (
	DNSRefresh       DNSMode = "refresh"        // at the start, and in the background each second
	DNSOnce          DNSMode = "once"           // at the start
	DNSPerConnection DNSMode = "per-connection" // for each connection, inside the request
)

func dnsModeNames() []string {
	return []string{string(DNSRefresh), string(DNSOnce), string(DNSPerConnection)}
}

// Validate refuses what is no mode.
func (m DNSMode) Validate() error {
	if slices.Contains(dnsModeNames(), string(m)) {
		return nil
	}
	return fmt.Errorf("--dns %q: want one of %s", string(m), strings.Join(dnsModeNames(), ", "))
}

// refreshEvery is how often DNSRefresh looks the name up.
const refreshEvery = time.Second

// ResolveError says that a name could not be resolved before the load.
type ResolveError struct {
	Flag string // that gave the name; "" = the URL did
	Host string
	Err  error
}

func (e *ResolveError) Error() string {
	name, why := e.Host, fmt.Sprint(e.Err)
	if e.Flag != "" {
		name = e.Flag + " " + name
	}
	if lookup, ok := errors.AsType[*net.DNSError](e.Err); ok {
		why = lookup.Err
	}
	return name + ": does not resolve: " + why
}

func (e *ResolveError) Unwrap() error { return e.Err }
