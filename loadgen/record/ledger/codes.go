package ledger

import (
	"encoding/json"
	"fmt"
	"slices"
)

// codeNames are the error codes of HTTP/2 (RFC 9113, 7), by their numbers.
var codeNames = [...]string{
	"NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED",
	"FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
	"INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED", "other",
}

// The codes that have a meaning of their own here.
const (
	NoError       = 0x0
	RefusedStream = 0x7
)

// Codes counts by error code of HTTP/2; those that are not in the standard share
// the last place.
type Codes [len(codeNames)]int64

// Count counts one.
func (c *Codes) Count(code uint32) { c[place(code)]++ }

// Of is how many had a code.
func (c *Codes) Of(code uint32) int64 { return c[place(code)] }

func place(code uint32) uint32 { return min(code, uint32(len(codeNames)-1)) }

// Total is how many there were with any code.
func (c *Codes) Total() int64 {
	var n int64
	for _, one := range c {
		n += one
	}
	return n
}

// CodeCount is how many had one code.
type CodeCount struct {
	Code  string
	Count int64
}

// List lists the codes that there were, the most frequent first.
func (c *Codes) List() []CodeCount {
	var list []CodeCount
	for i, n := range c {
		if n > 0 {
			list = append(list, CodeCount{codeNames[i], n})
		}
	}
	slices.SortStableFunc(list, func(a, b CodeCount) int { return int(min(1, max(-1, b.Count-a.Count))) })
	return list
}

func (c *Codes) add(o *Codes) {
	for i, n := range o {
		c[i] += n
	}
}

// MarshalJSON writes the codes that there were, by name.
func (c Codes) MarshalJSON() ([]byte, error) {
	named := map[string]int64{}
	for i, n := range c {
		if n != 0 {
			named[codeNames[i]] = n
		}
	}
	return json.Marshal(named)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Codes) UnmarshalJSON(text []byte) error {
	var named map[string]int64
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	*c = Codes{}
	for name, n := range named {
		i := slices.Index(codeNames[:], name)
		if i < 0 {
			return fmt.Errorf("unknown HTTP/2 error code %q", name)
		}
		c[i] = n
	}
	return nil
}
