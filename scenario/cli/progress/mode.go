package progress

import (
	"fmt"
	"slices"
	"strings"

	"nodrop/loadgen/misuse"
)

// Mode is how to show progress. It is the value of a flag.
type Mode string

// The modes.
const (
	Auto  Mode = "auto"  // one line on a terminal, Plain elsewhere
	Plain Mode = "plain" // a line for each step and mark, and every 10 seconds
	Off   Mode = "off"   // nothing
)

// Modes lists the modes.
func Modes() []string { return []string{string(Auto), string(Plain), string(Off)} }

func (m *Mode) String() string { return string(*m) }

// Set accepts one of the modes.
func (m *Mode) Set(text string) error {
	if slices.Contains(Modes(), text) {
		*m = Mode(text)
		return nil
	}
	want := "want " + strings.Join(Modes(), ", ")
	if near := misuse.Nearest(text, Modes()); near != "" {
		want += "; did you mean " + near + "?"
	}
	return fmt.Errorf("%s", want)
}

// Type is the name of the flag's value.
func (m *Mode) Type() string { return "mode" }
