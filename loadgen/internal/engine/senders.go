package engine

import (
	"nodrop/loadgen/record"
	"nodrop/loadgen/record/product"
)

// The places of two of the fields that parsers capture.
const (
	capturedServer = capturedTelling + record.TellingServer
	capturedVia    = capturedTelling + record.TellingVia
)

// senders are the Server and Via fields of the last ok response.
type senders struct{ server, via string }

// note notes the products that an ok response names; noted may be nil. Nearly
// all responses name the same ones as the response before.
func (s *senders) note(noted *product.Noted, p Response) {
	if noted == nil {
		return
	}
	if field := p.Captured(capturedServer); string(field) != s.server {
		s.server = noted.Note(field)
	}
	if field := p.Captured(capturedVia); string(field) != s.via {
		s.via = noted.Note(field)
	}
}
