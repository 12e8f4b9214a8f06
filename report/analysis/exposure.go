package analysis

// Exposed counts the requests of a run that started during the event.
func (f *Figures) Exposed() int64 {
	if !f.Loss.Event.Known {
		return 0
	}
	return f.Run.Bins.StartedBetween(f.Loss.Event.Begin, f.Loss.Event.End)
}

// Leaving counts the endpoints that left.
func (l *Loss) Leaving() int {
	left := map[string]bool{}
	for i := range l.Lifecycles {
		if one := &l.Lifecycles[i]; one.Left() {
			left[one.Endpoint] = true
		}
	}
	return len(left)
}
