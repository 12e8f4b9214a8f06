// Package secure counts TLS handshakes by what they agreed on.
package secure

import (
	"cmp"
	"fmt"
	"slices"
)

// Handshakes counts the TLS handshakes of a load. The zero value has none.
type Handshakes struct {
	Done    int64 `json:"done"`              // that succeeded
	Resumed int64 `json:"resumed,omitempty"` // of these, with a session ticket of an earlier connection (--tls-resume)
	// Busy is for how long the event loop computed handshakes, in ns, summed
	// over its threads. Responses on other connections waited meanwhile.
	Busy   int64    `json:"busyNs,omitempty"`
	Agreed []Agreed `json:"agreed,omitempty"` // the most frequent first
}

// Agreed counts the handshakes with one outcome.
type Agreed struct {
	Session
	Count int64 `json:"count"`
}

// Session is what a handshake agreed on.
type Session struct {
	Version string `json:"version"`        // such as "TLS 1.3"
	Cipher  string `json:"cipher"`         // the cipher suite, as IANA names it
	ALPN    string `json:"alpn,omitempty"` // the protocol; "" = the server chose none
}

// most is how many outcomes are told apart: a client offers few.
const most = 64

// Add counts a handshake.
func (h *Handshakes) Add(s Session, resumed bool) {
	h.Done++
	if resumed {
		h.Resumed++
	}
	h.add(Agreed{s, 1})
}

func (h *Handshakes) add(a Agreed) {
	for i := range h.Agreed {
		if h.Agreed[i].Session == a.Session {
			h.Agreed[i].Count += a.Count
			return
		}
	}
	if len(h.Agreed) < most {
		h.Agreed = append(h.Agreed, a)
	}
}

// Sum returns the sum of two counts; nil stands for none.
func Sum(a, b *Handshakes) *Handshakes {
	if b == nil || b.Done == 0 && b.Busy == 0 {
		return a
	}
	sum := &Handshakes{}
	for _, h := range []*Handshakes{a, b} {
		if h == nil {
			continue
		}
		sum.Done, sum.Resumed, sum.Busy = sum.Done+h.Done, sum.Resumed+h.Resumed, sum.Busy+h.Busy
		for _, agreed := range h.Agreed {
			sum.add(agreed)
		}
	}
	slices.SortFunc(sum.Agreed, func(a, b Agreed) int {
		return cmp.Or(-cmp.Compare(a.Count, b.Count), cmp.Compare(a.Version, b.Version), cmp.Compare(a.Cipher, b.Cipher), cmp.Compare(a.ALPN, b.ALPN))
	})
	return sum
}

// Validate checks counts that were read from a file; nil is valid.
func (h *Handshakes) Validate(maxCount, maxTime int64) error {
	switch {
	case h == nil:
		return nil
	case h.Done < 0 || h.Done > maxCount || h.Resumed < 0 || h.Resumed > h.Done:
		return fmt.Errorf("tls: %d handshakes, %d of them resumed", h.Done, h.Resumed)
	case h.Busy < 0 || h.Busy > maxTime:
		return fmt.Errorf("tls: busyNs: %d is not between 0 and %d", h.Busy, maxTime)
	case len(h.Agreed) > most:
		return fmt.Errorf("tls: %d outcomes of handshakes, more than %d", len(h.Agreed), most)
	}
	for _, a := range h.Agreed {
		if a.Count < 1 || a.Count > h.Done {
			return fmt.Errorf("tls: %d of %d handshakes", a.Count, h.Done)
		}
	}
	return nil
}
