// Package kernel reads the kernel's counters of connections, which no client can
// distort.
//
// The pipeline: files in /proc/net → Counts → the difference of two.
//
// The invariant: it counts the network namespace of this process, and nothing
// else.
package kernel

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Counts are the kernel's counters for this network namespace (RFC 4022
// and Linux' TcpExt). No client can distort them.
type Counts struct {
	Begun    int64 // connections begun, including those from gateways to the backend (tcpActiveOpens)
	Refused  int64 // of those, connections that were never established (tcpAttemptFails)
	Reset    int64 // established connections that ended with a reset (tcpEstabResets)
	Overflow int64 // connections rejected by a full accept queue (ListenOverflows)
}

// Since returns what has been counted since an earlier time.
func (k Counts) Since(before Counts) Counts {
	return Counts{k.Begun - before.Begun, k.Refused - before.Refused, k.Reset - before.Reset, k.Overflow - before.Overflow}
}

// String lists all counters.
func (k Counts) String() string {
	return fmt.Sprintf("connections opened %d (including those from the gateways to the backend), never established %d, reset %d, dropped by a full accept queue %d", k.Begun, k.Refused, k.Reset, k.Overflow)
}

// Count returns what has been counted so far.
func Count() (k Counts, err error) {
	for _, want := range []struct {
		file, row, column string
		to                *int64
	}{
		{"snmp", "Tcp", "ActiveOpens", &k.Begun},
		{"snmp", "Tcp", "AttemptFails", &k.Refused},
		{"snmp", "Tcp", "EstabResets", &k.Reset},
		{"netstat", "TcpExt", "ListenOverflows", &k.Overflow},
	} {
		text, err := os.ReadFile("/proc/net/" + want.file)
		if err != nil {
			return k, err
		}
		if *want.to, err = counter(string(text), want.row, want.column); err != nil {
			return k, fmt.Errorf("/proc/net/%s: %w", want.file, err)
		}
	}
	return k, nil
}

// counter finds a number in a table whose rows come in pairs: names, then values.
func counter(text, row, column string) (int64, error) {
	var names []string
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != row+":" {
			continue
		}
		if names == nil {
			names = fields
			continue
		}
		for i, name := range names {
			if name == column && i < len(fields) {
				return strconv.ParseInt(fields[i], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("no counter %s %s", row, column)
}
