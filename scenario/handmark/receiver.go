package handmark

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"nodrop/loadgen/record"
)

// maxPeers bounds how many peers are served at the same time.
const maxPeers = 1000

var errOver = errors.New("the run is over")

// Take adds a mark, which happened at a time, to the run under way. Its error,
// for example that there is none, is the answer to the sender.
type Take func(mark record.Mark, at time.Time) error

// Receiver takes marks from a socket. The zero Receiver is closed and can be
// opened once.
type Receiver struct {
	take    Take
	serving sync.WaitGroup

	mu       sync.Mutex // guards all below
	used     bool       // it was opened, or must not be any more
	dir      string     // holds the socket; "" = none
	listener net.Listener
	peers    map[net.Conn]bool
}

// Open listens, and returns the path of the socket. The process id is the one
// that Find is asked for.
func (r *Receiver) Open(pid int, take Take) (path string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.used {
		return "", errOver
	}
	r.used = true
	dir, listener, err := settle(pid)
	if err != nil {
		return "", err
	}
	r.take, r.dir, r.listener, r.peers = take, dir, listener, map[net.Conn]bool{}
	r.serving.Go(func() { r.accept(listener) })
	return filepath.Join(dir, socketName), nil
}

// Remove ends listening and removes the socket and its directory. It does not
// wait for anybody, so it is fit for a program that exits at once. Open fails
// afterwards.
func (r *Receiver) Remove() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used = true
	if r.dir == "" {
		return
	}
	_ = r.listener.Close() // which also removes the socket
	_ = os.Remove(filepath.Join(r.dir, socketName))
	_ = os.Remove(r.dir)
	r.dir = ""
	for peer := range r.peers {
		_ = peer.SetReadDeadline(time.Unix(1, 0)) // one that has sent its line still gets an answer
	}
}

// Close is Remove, and waits until every mark that was received is answered.
func (r *Receiver) Close() {
	r.Remove()
	r.serving.Wait()
}

// accept serves peers until the listener is closed. Other errors pass: a load
// may use up all files that a process can open.
func (r *Receiver) accept(listener net.Listener) {
	const pause = 10 * time.Millisecond
	for {
		peer, err := listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(pause)
		case r.admit(peer):
			r.serving.Go(func() { r.serve(peer) })
		default:
			_ = peer.Close()
		}
	}
}

// admit reports whether a peer may be served, and sets its deadline.
func (r *Receiver) admit(peer net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir == "" || len(r.peers) >= maxPeers {
		return false
	}
	r.peers[peer] = true
	return peer.SetReadDeadline(time.Now().Add(patience)) == nil
}

func (r *Receiver) dismiss(peer net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.peers, peer)
	_ = peer.Close()
}

// serve reads a request and answers it.
func (r *Receiver) serve(peer net.Conn) {
	defer r.dismiss(peer)
	var q request
	err := readLine(peer, &q)
	at := time.Now()
	switch {
	case err == nil:
		err = r.heed(q, at)
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = r.late()
	}
	a := answer{Version: version}
	if err != nil {
		a.Error = err.Error()
	}
	_ = peer.SetWriteDeadline(at.Add(patience))
	_ = writeLine(peer, a) // a sender that is gone does not care
}

// late returns why the line of a peer was not awaited any longer.
func (r *Receiver) late() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dir == "" {
		return errOver
	}
	return fmt.Errorf("no mark came within %v", patience)
}

// heed checks a request and takes its mark.
func (r *Receiver) heed(q request, at time.Time) error {
	if q.Version != version {
		return fmt.Errorf("version %d of the protocol for marks; the nodrop that records the load has version %d", q.Version, version)
	}
	kind, ok := ParseKind(q.Kind)
	if !ok {
		return fmt.Errorf("%q is not a kind of mark", q.Kind)
	}
	endpoint, err := EndpointName(q.Endpoint)
	if err != nil {
		return err
	}
	return r.take(record.Mark{Kind: kind, Name: kind.Of(endpoint), Endpoint: endpoint}, at)
}
