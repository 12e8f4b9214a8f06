package record

// Snapshot holds the counts so far, for a live view or for metrics. It reads
// each Tally in turn, so a request that ends meanwhile may be in one number and
// not yet in another. Each number is exact when it is read.
type Snapshot struct {
	Progress                               // only Started, Finished and Lost
	OK, Spoiled, Aborted   int64           // requests
	Classes                map[Class]int64 // lost and spoiled
	Statuses               map[int]int64
	Connections            ConnectionCount
	Bytes, Unproven, Ticks int64 // Ticks: ticks of -q that passed while their worker was busy
	Latency                Sketch
}

// Snapshot can be called at any time. It holds each Tally's lock only while it
// copies a few dozen numbers; workers take no other lock because of it.
func (r *Recorder) Snapshot() Snapshot {
	s := Snapshot{Progress: r.Progress(), Classes: map[Class]int64{}, Statuses: map[int]int64{}}
	for _, t := range r.Shards {
		t.addTo(&s)
	}
	return s
}

func (s *Tally) addTo(to *Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to.OK += s.counts[FateOK]
	to.Spoiled += s.counts[FateSpoiled]
	to.Aborted += s.counts[FateAborted]
	for class, n := range s.failed {
		to.Classes[class] += n
	}
	for status, n := range s.statuses {
		to.Statuses[status] += n
	}
	to.Connections.add(s.connections)
	to.Bytes = saturated(to.Bytes, s.bytes)
	to.Unproven += s.unproven
	to.Ticks += s.late
	to.Latency.merge(&s.responded)
}
