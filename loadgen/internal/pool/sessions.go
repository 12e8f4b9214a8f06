package pool

import (
	"sync"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/record"
)

// sessions are the connections of HTTP/2 that workers share.
type sessions struct {
	job       *engine.Job
	lingering *lingering
	running   sync.WaitGroup // the goroutines of all sessions

	mu   sync.Mutex // guards list, and session.assigned
	list []*session // those that may have room
}

// assign gives a request a session with room: last, if that has some. If none
// has, the session is new, and mine means that its caller must make it.
func (p *sessions) assign(last *session, shard *record.Tally) (s *session, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweep(shard)
	if last != nil && last.hasRoom() {
		last.assigned++
		return last, false
	}
	for _, s := range p.list {
		if s.hasRoom() {
			s.assigned++
			return s, false
		}
	}
	s = newSession(p, shard)
	s.assigned = 1
	p.list = append(p.list, s)
	return s, true
}

// sweep forgets the sessions that take no more requests. Those that their peers
// closed while nothing was under way are now replaced.
func (p *sessions) sweep(shard *record.Tally) {
	kept := p.list[:0]
	for _, s := range p.list {
		switch {
		case s.limit.Load() > 0:
			kept = append(kept, s)
		case s.stale.Load():
			shard.CountConnection(func(c *record.ConnectionCount) { c.Stale++ })
		}
	}
	clear(p.list[len(kept):])
	p.list = kept
}

// leave takes a request off s.
func (p *sessions) leave(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.assigned--
}

// shed takes a request off s if s has more than its limit.
func (p *sessions) shed(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.assigned <= s.limit.Load() {
		return false
	}
	s.assigned--
	return true
}

// close ends all sessions, none of which has a request any more, and waits until
// their goroutines are done.
func (p *sessions) close() {
	p.mu.Lock()
	for _, s := range p.list {
		s.retire(false)
	}
	p.mu.Unlock()
	p.running.Wait()
}
