package kube

import (
	"context"

	"nodrop/scenario/kube/asm"
)

// What actions tell of themselves, so that what concerns several of them need not
// know which they are. An action tells what there is to tell of it.

// planner tells what it is going to do: every action of this package does.
type planner interface{ plan() []planned }

// linked is an action that needs something of the others of its variant.
type linked interface{ link(l *links) }

// roller tells of which object it changes the pods, which then roll out.
type roller interface{ rolls() Target }

// toucher tells which pods it takes away or replaces: what becomes of them is watched.
type toucher interface{ touches() Target }

// watcher tells which pods it watches.
type watcher interface{ watches() []Target }

// bringer applies objects, on which the other actions may act.
type bringer interface {
	bring(ctx context.Context, b *brought) (faults []error)
}

// asmTeller tells what manifests for ASM are held to.
type asmTeller interface{ explainASM(terms *asm.Terms) }
