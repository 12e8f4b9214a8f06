package handmark

import (
	"strings"

	"nodrop/loadgen/record"
)

// kind is a kind of mark that can be set by hand.
type kind struct {
	name string          // what messages and documents call it
	kind record.MarkKind // its own spelling is accepted, too
}

// kinds lists all kinds, in the order in which an endpoint usually meets them. The
// kinds that are missing are those that only nodrop itself can see.
var kinds = [...]kind{
	{"terminating", record.MarkTerminating},
	{"signalled", record.MarkSignalled},
	{"listener closed", record.MarkListenerClosed},
	{"removed", record.MarkEndpointRemoved},
	{"killed", record.MarkKilled},
	{"exited", record.MarkExited},
	{"ready", record.MarkReady},
}

// ParseKind returns the kind of mark that a text names. Hyphens stand for spaces,
// so that a shell needs no quotes.
func ParseKind(text string) (found record.MarkKind, ok bool) {
	text = strings.ReplaceAll(text, "-", " ")
	for _, k := range kinds {
		if text == k.name || text == string(k.kind) {
			return k.kind, true
		}
	}
	return "", false
}

// KindNames returns the names of all kinds.
func KindNames() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// NameOf returns the name of a kind.
func NameOf(of record.MarkKind) string {
	for _, k := range kinds {
		if of == k.kind {
			return k.name
		}
	}
	return string(of)
}
