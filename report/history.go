package report

// history is what marks tell of one endpoint, in order.
type history struct {
	name       string
	lifecycles []*lifecycle
	crashes    []*crash
}

// histories are those of all endpoints, by name and by address.
func histories(lives []lifecycle, crashes []crash) map[string]*history {
	index := map[string]*history{}
	of := func(endpoint, address string, add func(*history)) {
		keys := []string{endpoint}
		if address != "" && address != endpoint {
			keys = append(keys, address)
		}
		for _, key := range keys {
			if index[key] == nil {
				index[key] = &history{name: endpoint}
			}
			add(index[key])
		}
	}
	for i := range lives {
		one := &lives[i]
		of(one.endpoint, one.address, func(h *history) { h.lifecycles = append(h.lifecycles, one) })
	}
	for i := range crashes {
		one := &crashes[i]
		of(one.endpoint, one.address, func(h *history) { h.crashes = append(h.crashes, one) })
	}
	return index
}

// lifecycleAt is the lifecycle that it was in at a time: the last one that had begun, give or
// take near, or else the first; nil where marks tell of none, or it was over.
func (h *history) lifecycleAt(at int64) *lifecycle {
	var found *lifecycle
	for _, l := range h.lifecycles {
		if found == nil || l.begin() <= at+near {
			found = l
		}
	}
	if found == nil || found.over != unknown && at >= found.over {
		return nil
	}
	return found
}
