package record

import (
	"fmt"
	"strconv"
	"strings"
)

// StatusSet is a list of accepted statuses as --ok takes it: "200,204",
// "2xx,3xx", "200-299". The word "goaway" in it accepts requests that a server
// turned away with GOAWAY as well; alone, it goes with DefaultOK.
type StatusSet string

// DefaultOK are the accepted statuses unless --ok is given.
const DefaultOK StatusSet = "2xx,3xx"

// goaway is the word for requests that GOAWAY turned away.
const goaway = "goaway"

// StatusBits holds one flag per status code, for the hot path; the flag of
// NoStatus is for requests that GOAWAY turned away.
type StatusBits [1000]bool

// NoStatus is the status of a request without a response.
const NoStatus = 0

// Compile converts the set for fast look-up. The error names the item that is
// not a status.
func (s StatusSet) Compile() (*StatusBits, error) {
	var bits StatusBits
	statuses := string(s)
	if strings.TrimSpace(statuses) == goaway {
		statuses += "," + string(DefaultOK)
	}
	for item := range strings.SplitSeq(statuses, ",") {
		item = strings.TrimSpace(item)
		if item == goaway {
			bits[NoStatus] = true
			continue
		}
		from, to, err := statusRange(item)
		if err != nil {
			return nil, fmt.Errorf("%q is not a status (200), a group (2xx), a range (200-299) or goaway", item)
		}
		for code := from; code <= to; code++ {
			bits[code] = true
		}
	}
	return &bits, nil
}

func statusRange(item string) (from, to int, err error) {
	lo, hi, isRange := strings.Cut(item, "-")
	switch {
	case len(item) == 3 && strings.EqualFold(item[1:], "xx"):
		from, err = strconv.Atoi(item[:1])
		from, to = from*100, from*100+99
	case isRange:
		if from, err = strconv.Atoi(lo); err == nil {
			to, err = strconv.Atoi(hi)
		}
	default:
		from, err = strconv.Atoi(item)
		to = from
	}
	if err == nil && (from < 100 || to > 999 || from > to) {
		err = strconv.ErrRange
	}
	return from, to, err
}

// Has reports whether status is in the set.
func (s StatusSet) Has(status int) (bool, error) {
	bits, err := s.Compile()
	if err != nil {
		return false, err
	}
	return status >= 0 && status < len(bits) && bits[status], nil
}
