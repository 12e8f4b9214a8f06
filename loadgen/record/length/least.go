package length

import (
	"encoding/json"
	"fmt"
)

// MarshalJSON writes only the lengths that there are.
func (l Least) MarshalJSON() ([]byte, error) {
	n := 0
	for n < len(l) && l[n].Count != 0 {
		n++
	}
	return json.Marshal(l[:n])
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Least) UnmarshalJSON(text []byte) error {
	var list []Share
	if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) > len(l) {
		return fmt.Errorf("%d lengths in a slot; want at most %d", len(list), len(l))
	}
	*l = Least{}
	copy(l[:], list)
	return nil
}
