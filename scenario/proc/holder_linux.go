package proc

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// HolderOf returns the process that listens at an address of this machine, or
// nil.
func (g *Group) HolderOf(addr netip.AddrPort) (*Holder, error) {
	probe, err := NewListenerProbe(addr)
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	inode, listens, err := probe.inode()
	if err != nil || !listens {
		return nil, err
	}
	h := &Holder{}
	for _, pid := range holding(fmt.Sprintf("socket:[%d]", inode)) {
		if ours := g.owns(pid); h.PID == 0 || ours {
			h = &Holder{PID: pid, Name: nameOf(pid), Ours: ours}
		}
		if h.Ours {
			break // other processes may have inherited the socket
		}
	}
	return h, nil
}

// Rival returns another named process that listens at an address where p does
// not, such as the one that p is to replace; nil if there is none.
func (g *Group) Rival(p *Process, addr netip.AddrPort) *Holder {
	h, err := g.HolderOf(addr)
	if err != nil || h == nil || !h.Ours {
		return nil
	}
	switch t := g.tagAbove(h.PID); {
	case t == "" || t == p.tag || !g.runs(t):
		return nil
	}
	inodes, err := listening(addr.Port())
	if err != nil {
		return nil
	}
	for _, inode := range inodes {
		for _, pid := range holding(fmt.Sprintf("socket:[%d]", inode)) {
			if g.tagAbove(pid) == p.tag {
				return nil
			}
		}
	}
	return h
}

func (g *Group) runs(t tag) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running[t]
}

// tagAbove returns the tag of a process, or that of its nearest tagged ancestor
// if it has cleared its environment.
func (g *Group) tagAbove(pid int) tag {
	for ; pid > 1 && pid != os.Getpid(); pid = parentOf(pid) {
		if t := cmp.Or(tagOf(pid), g.given(pid)); t != "" {
			return t
		}
	}
	return ""
}

// given returns the tag that a named process was started with: nginx, for one,
// writes its title over its environment.
func (g *Group) given(pid int) tag {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.named {
		if g.running[p.tag] && p.PID() == pid {
			return p.tag
		}
	}
	return ""
}

// holding lists the processes that have a file open, as far as permissions
// allow.
func holding(file string) []int {
	names, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var pids []int
	for _, name := range names {
		pid, err := strconv.Atoi(name.Name())
		if err == nil && holds(pid, file) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

func holds(pid int, file string) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	fds, err := os.ReadDir(dir)
	if err != nil {
		return false // gone, or no permission
	}
	return slices.ContainsFunc(fds, func(fd os.DirEntry) bool {
		target, err := os.Readlink(dir + "/" + fd.Name())
		return err == nil && target == file
	})
}

func nameOf(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		return "?"
	}
	return strings.TrimSpace(string(text))
}

// owns reports whether pid is this process or a descendant, by parentage or by
// tag. Processes that commands have left running do not count.
func (g *Group) owns(pid int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	own := tagOf(os.Getpid()) // set by a nodrop that started us
	for ; pid > 1; pid = parentOf(pid) {
		t := tagOf(pid)
		if pid == os.Getpid() || g.running[t] {
			return true
		}
		if t != "" && t != own {
			return false
		}
	}
	return false
}
