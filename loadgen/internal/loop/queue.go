//go:build linux

package loop

// queue holds slots in order of their deadlines. All deadlines lie equally far
// ahead when they are set, so the last one set is the last to pass, and adding
// and removing take constant time. A deadline passes later by as much as the
// Shard lags; this does not change the order.
type queue struct {
	limit       int64 // how far ahead deadlines lie, in ns
	lag         *lag
	nodes       []node // indexed by slot
	first, last int32
}

type node struct {
	at         int64 // ns
	shaking    int64 // lag.shaking when it was set
	prev, next int32
	in         bool
}

const none = -1

func newQueue(slots int, limit int64, lag *lag) queue {
	return queue{limit: limit, lag: lag, nodes: make([]node, slots), first: none, last: none}
}

// push adds slot with a deadline that is not before that of any other.
func (q *queue) push(slot int32, at int64) {
	q.nodes[slot] = node{at: at, shaking: q.lag.shaking, prev: q.last, next: none, in: true}
	if q.last == none {
		q.first = slot
	} else {
		q.nodes[q.last].next = slot
	}
	q.last = slot
}

func (q *queue) remove(slot int32) {
	n := &q.nodes[slot]
	if !n.in {
		return
	}
	n.in = false
	if n.prev == none {
		q.first = n.next
	} else {
		q.nodes[n.prev].next = n.next
	}
	if n.next == none {
		q.last = n.prev
	} else {
		q.nodes[n.next].prev = n.prev
	}
}

// due takes out a slot whose time has come; none if there is none.
func (q *queue) due(now int64) int32 {
	slot := q.first
	if slot == none || q.nodes[slot].at > now || q.passes(slot) > now {
		return none
	}
	q.remove(slot)
	return slot
}

// next returns the first time; ok is false if the queue is empty.
func (q *queue) next() (at int64, ok bool) {
	if q.first == none {
		return 0, false
	}
	return q.passes(q.first), true
}

// passes returns when slot's deadline passes, lag included.
func (q *queue) passes(slot int32) int64 {
	n := &q.nodes[slot]
	return n.at + q.lag.delayNow(n.at-q.limit, q.limit, n.shaking)
}

// agenda holds slots in order of a time, for times in any order.
type agenda struct{ heap []tick }

type tick struct {
	at   int64 // ns
	slot int32
}

func (a *agenda) push(slot int32, at int64) {
	a.heap = append(a.heap, tick{at, slot})
	i := len(a.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if a.heap[up].at <= a.heap[i].at {
			return
		}
		a.heap[up], a.heap[i] = a.heap[i], a.heap[up]
		i = up
	}
}

// due takes out a slot whose time has come; none if there is none.
func (a *agenda) due(now int64) int32 {
	if len(a.heap) == 0 || a.heap[0].at > now {
		return none
	}
	slot := a.heap[0].slot
	last := len(a.heap) - 1
	a.heap[0] = a.heap[last]
	a.heap = a.heap[:last]
	a.sink()
	return slot
}

func (a *agenda) sink() {
	h := a.heap
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].at < h[least].at {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

func (a *agenda) next() (at int64, ok bool) {
	if len(a.heap) == 0 {
		return 0, false
	}
	return a.heap[0].at, true
}

// line is a first-in, first-out line of slots, each in it at most once.
type line struct {
	slots []int32 // a ring
	head  int
	count int
}

func newLine(slots int) line { return line{slots: make([]int32, slots)} }

func (l *line) push(slot int32) {
	l.slots[(l.head+l.count)%len(l.slots)] = slot
	l.count++
}

// unshift puts slot at the head of the line.
func (l *line) unshift(slot int32) {
	l.head = (l.head + len(l.slots) - 1) % len(l.slots)
	l.slots[l.head] = slot
	l.count++
}

func (l *line) pop() int32 {
	slot := l.slots[l.head]
	l.head = (l.head + 1) % len(l.slots)
	l.count--
	return slot
}
