package proc

import "fmt"

// Holder is whoever listens at an address.
type Holder struct {
	PID  int    // 0 where it cannot be known: another user's, as far as we may see
	Name string // of its program
	Ours bool   // this process, or one that it has started
}

func (h *Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("PID %d (%s)", h.PID, h.Name)
}
