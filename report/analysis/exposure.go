package analysis

// Exposed counts the requests of a run that started during the event, or after it
// began, if its end was not seen.
func (f *Figures) Exposed() int64 {
	event := &f.Loss.Event
	switch {
	case !event.Known:
		return 0
	case !event.Seen || event.Open:
		return f.Run.Bins.StartedBetween(event.Begin, max(event.End, event.LoadOver))
	}
	return f.Run.Bins.StartedBetween(event.Begin, event.End)
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
