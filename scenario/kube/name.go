package kube

import (
	"cmp"
	"fmt"
	"strings"
)

// What each action does, in a few words.

func (s *Scale) String() string { return fmt.Sprintf("scale %s to %d", s.Object, s.Replicas) }

func (r *Restart) String() string { return fmt.Sprintf("restart %s", r.Object) }

func (d *Delete) String() string {
	return "delete " + strings.TrimSpace("pod "+d.Pod+" "+d.Selector)
}

func (p *Patch) String() string { return fmt.Sprintf("patch %s", p.Object) }

func (a *Apply) String() string {
	return "apply " + cmp.Or(a.File, fmt.Sprintf("%d manifests", len(a.Manifests)))
}

func (g *Graceful) String() string { return "graceful shutdown of " + g.Gateway }

func (a *Address) String() string { return "address of " + a.Service }

func (w *Watch) String() string { return "watch the pods of " + w.Whose() }

func (p *Preflight) String() string { return "ask the cluster for what would be in the way" }

func (w *Wait) String() string { return "wait for " + cmp.Or(w.Object.Name, w.Gone) }

// What undoes each action, for whoever has to do it by hand.

// Undoes says which number of replicas is put back.
func (s *Scale) Undoes(acted bool) (what string, ends bool) {
	if s.Keep {
		return "", false
	}
	return s.change.undoes(acted, "put back the replicas of "+s.Object.String()), false
}

// Undoes says which values are put back.
func (p *Patch) Undoes(acted bool) (what string, ends bool) {
	return p.change.undoes(acted, "put back "+p.Patch.names()+" of "+p.Object.String()), false
}

// Undoes says which values are put back.
func (g *Graceful) Undoes(acted bool) (what string, ends bool) {
	return g.change.undoes(acted, "put back the graceful shutdown of "+g.Gateway), false
}

// Undoes says which objects are deleted, and which values are put back.
func (a *Apply) Undoes(acted bool) (what string, ends bool) {
	if !acted {
		return "take back " + strings.TrimPrefix(a.String(), "apply "), false
	}
	var parts []string
	for _, one := range a.applied {
		if one.absent {
			parts = append(parts, "delete "+one.change.object.String())
		} else if text := one.change.undoes(true, ""); text != "" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, ", "), false
}

// undoes says what undo does; before the change, all that is known is what it may
// come to.
func (c *change) undoes(acted bool, before string) string {
	if !acted {
		return before
	}
	if c == nil {
		return ""
	}
	if leaves := c.changed(); len(leaves) > 0 {
		return c.byHand(leaves)
	}
	return ""
}
