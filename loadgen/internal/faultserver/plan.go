package faultserver

// Plan chooses the kind of the seq-th request of the server, from 0, in the
// order in which the ends of their heads were read. It is called from many
// goroutines at once.
type Plan func(seq int64) Kind

// Always gives every request the same kind.
func Always(k Kind) Plan {
	return func(int64) Kind { return k }
}

// Every gives each n-th request (n ≥ 1) the fault and the others OK.
func Every(n int64, fault Kind) Plan {
	return func(seq int64) Kind {
		if seq%n == n-1 {
			return fault
		}
		return OK
	}
}
