package kube

import (
	"context"

	"nodrop/scenario/kube/asm"
)

// Actions describe themselves through these interfaces, so code that handles
// several actions need not know their types. An action implements those that apply.

// planner lists the operations that an action will perform; every action of
// this package implements it.
type planner interface{ plan() []planned }

// linked is an action that shares state with others of its variant.
type linked interface{ link(l *links) }

// roller names the object whose pods the action rolls out.
type roller interface{ rolls() Target }

// toucher names the pods that the action removes or replaces; they are watched.
type toucher interface{ touches() Target }

// watcher names the pods that the action watches.
type watcher interface{ watches() []Target }

// bringer applies objects that other actions may use.
type bringer interface {
	bring(ctx context.Context, b *brought) (faults []error)
}

// asmTeller contributes to the terms that manifests for ASM are checked against.
type asmTeller interface{ explainASM(terms *asm.Terms) }
