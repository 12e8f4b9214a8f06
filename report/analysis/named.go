package analysis

import (
	"cmp"
	"net"
	"slices"

	"nodrop/loadgen/record"
)

// named returns marks with one name for each endpoint. Who sets a mark by hand may
// know an endpoint by its address, as a balancer does, where other marks give it
// a name: that of a process or a pod. An address that several endpoints had says
// nothing about which of them a mark means; such marks stay as they are.
func named(marks []record.Mark) []record.Mark {
	names := map[string]string{} // by address; "" for several
	for i := range marks {
		m := &marks[i]
		if m.Endpoint == "" || m.Address == "" {
			continue // a process may be named after the address that another one had before
		}
		if name, known := names[m.Address]; known && name != m.Endpoint {
			names[m.Address] = ""
		} else {
			names[m.Address] = m.Endpoint
		}
	}
	if len(names) == 0 {
		return marks
	}
	list := slices.Clone(marks)
	for i := range list {
		m := &list[i]
		if m.Endpoint == "" || m.Address != "" {
			continue
		}
		host, _, _ := net.SplitHostPort(m.Endpoint) // a pod's address has no port
		for _, address := range [...]string{m.Endpoint, cmp.Or(host, m.Endpoint)} {
			name := names[address]
			if name == m.Endpoint {
				break
			}
			if name != "" {
				m.Endpoint, m.Address = name, address
				break
			}
		}
	}
	return list
}
