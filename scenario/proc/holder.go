package proc

import "fmt"

// Holder is a process that listens at an address.
type Holder struct {
	PID  int    // 0 if unknown, for example because it belongs to another user
	Name string // of its program
	Ours bool   // this process or one that it started
}

func (h *Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	return fmt.Sprintf("PID %d (%s)", h.PID, h.Name)
}
