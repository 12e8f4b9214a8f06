package length

// Range describes some bodies: how many there are, and the shortest and the
// longest, in bytes.
type Range struct{ Count, Min, Max int64 }

func (r *Range) add(count, least, most int64) {
	if count == 0 {
		return
	}
	if r.Count == 0 {
		r.Min = least
	}
	r.Count += count
	r.Min, r.Max = min(r.Min, least), max(r.Max, most)
}

// Before describes the bodies in the slots that end by a time, in ns.
func (l *Line) Before(until int64) Range {
	var r Range
	if l == nil {
		return r
	}
	for i := range l.List {
		if int64(i+1)*l.Width > until {
			break
		}
		l.List[i].addTo(&r)
	}
	return r
}

// Since describes the bodies in the slots that end after from and begin by
// until, in ns: all, and those shorter than limit, in bytes. If a slot has more
// lengths below the limit than it keeps, some of those bodies are missing.
func (l *Line) Since(from, until, limit int64) (all, shorter Range) {
	if l == nil || l.Width == 0 {
		return all, shorter
	}
	for i := max(from, 0) / l.Width; i < int64(len(l.List)) && i*l.Width <= until; i++ {
		s := &l.List[i]
		s.addTo(&all)
		s.addBelow(&shorter, limit)
	}
	return all, shorter
}

// Last describes the last bodies of the slots that end after a time, in ns: n of
// them, and the others in the slots of those.
func (l *Line) Last(n, from int64) Range {
	var r Range
	if l == nil {
		return r
	}
	for i := len(l.List) - 1; i >= 0 && r.Count < n && int64(i+1)*l.Width > from; i-- {
		l.List[i].addTo(&r)
	}
	return r
}

func (s *Slot) addTo(r *Range) { r.add(s.Count, s.Least[0].Bytes, s.Max) }

// addBelow adds the bodies shorter than limit as far as they are counted one by
// one, or all if even the longest is.
func (s *Slot) addBelow(r *Range, limit int64) {
	if s.Max < limit {
		s.addTo(r)
		return
	}
	for _, k := range s.Least {
		if k.Bytes < limit {
			r.add(k.Count, k.Bytes, k.Bytes)
		}
	}
}
