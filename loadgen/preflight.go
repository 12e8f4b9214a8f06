package loadgen

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/internal/probe"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// machine holds this machine's limits for connections; 0 = unknown or no limit.
type machine struct {
	files int64 // open files of this process
	ports int64 // local ports of one address for connections to one other address
	// How long the side that closed first cannot reuse a port (TIME_WAIT).
	rest, restLocally time.Duration
}

func thisMachine() machine {
	m := machine{files: maxFiles(), rest: time.Minute, restLocally: time.Minute}
	if r := procNumbers("ip_local_port_range"); len(r) == 2 {
		m.ports = r[1] - r[0] + 1
	}
	if reuse := procNumbers("tcp_tw_reuse"); len(reuse) == 1 && reuse[0] > 0 {
		m.restLocally = time.Second
		if reuse[0] == 1 {
			m.rest = time.Second
		}
	}
	return m
}

// procNumbers reads a setting of Linux that applies to IPv6 as well.
func procNumbers(name string) []int64 {
	text, err := os.ReadFile("/proc/sys/net/ipv4/" + name)
	if err != nil {
		return nil
	}
	var list []int64
	for field := range strings.FieldsSeq(string(text)) {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return nil
		}
		list = append(list, n)
	}
	return list
}

// ownFiles is the number of files that the process has open besides its
// connections and two for each processor.
const ownFiles = 16

// preflight lists what this machine certainly lacks for all workers to be
// connected at once. The load runs anyway: fewer connections may be enough, and
// a shortage is counted when it occurs.
func (l *Load) preflight(m machine) []string {
	var list []string
	open, need := l.cfg.connections(), l.filesNeeded()
	if m.files > 0 && need > m.files {
		list = append(list, fmt.Sprintf("-c %d needs %d open files, but the limit is %d; requests that cannot open one are spoiled (client.files): use ulimit -n %d, or LimitNOFILE= of the service",
			l.cfg.Workers, need, m.files, need))
	}
	if room := m.ports * l.routes(); room > 0 && open > room {
		list = append(list, fmt.Sprintf("-c %d needs %d local ports, but there are only %d; requests that cannot get one are spoiled (client.ports): give --source more addresses, or widen net.ipv4.ip_local_port_range",
			l.cfg.Workers, open, room))
	}
	return list
}

func (l *Load) filesNeeded() int64 {
	n := l.cfg.connections() + ownFiles + 2*int64(l.cfg.CPUs)
	if l.cfg.Probe.Applies(l.cfg.Event) {
		n += probe.MaxOpen
	}
	return n
}

// maxLingering limits the connections that are left open for their peers to
// close. With a peer that never closes first, each request adds one.
const maxLingering = 1024

// minLingering is the limit when there are few workers.
const minLingering = 16

// roomToLinger is how many connections may be left open for their peers to
// close: two for each worker, so that a server does not get many more
// connections than -c says, and at most half of the files that nothing else
// needs.
func (l *Load) roomToLinger(m machine) int {
	room := min(max(2*int64(l.cfg.Workers), minLingering), maxLingering)
	if m.files > 0 {
		room = min(room, (m.files-l.filesNeeded())/2)
	}
	return int(max(room, 1))
}

// routes is the number of pairs of a local and a remote address, each with every
// port; 0 if unknown.
func (l *Load) routes() int64 {
	n := int64(max(1, len(l.cfg.Sources)))
	list, ok := l.job.Endpoints.(interface{ Known() []*wire.Endpoint })
	if !ok || len(list.Known()) > 0 && list.Known()[0].Path != "" {
		return 0
	}
	return n * int64(len(list.Known()))
}

// restingPorts is a note for a run that closed so many connections itself that
// more than half of the local ports were in TIME_WAIT at a time; "" otherwise.
// If the peer closes first, as requested, no local port is.
func (m machine) restingPorts(run *record.Run) string {
	rest := m.restLocally
	for _, e := range run.Endpoints {
		if addr, err := netip.ParseAddrPort(e.Name); err != nil || !addr.Addr().Unmap().IsLoopback() {
			rest = m.rest
		}
	}
	room := m.ports * int64(max(1, len(run.Settings.Sources))) * int64(max(1, len(run.Endpoints)))
	resting := run.Connections.Ours
	if lasted := time.Duration(run.Duration); lasted > rest {
		resting = int64(float64(resting) * float64(rest) / float64(lasted))
	}
	if room == 0 || resting <= room/2 {
		return ""
	}
	return fmt.Sprintf("the server left it to nodrop to close %d connections: up to %d of %d local ports were in TIME_WAIT at a time, and requests that cannot get one are spoiled (client.ports): use keep-alive, or give --source more addresses",
		run.Connections.Ours, min(resting, room), room)
}
