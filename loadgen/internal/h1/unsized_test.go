package h1_test

import (
	"testing"

	"nodrop/loadgen/internal/h1"
)

// TestUnsized: whether the head says how long the body is, once it is whole.
func TestUnsized(t *testing.T) {
	for head, want := range map[string]bool{
		"HTTP/1.0 200 OK\r\n\r\n":                                                    true,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                      true,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n": true,
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n":                               false,
		"HTTP/1.1 204 OK\r\n\r\n":                                                    false,
		"HTTP/1.1 304 OK\r\nTransfer-Encoding: chunked\r\n\r\n":                      false,
	} {
		var p h1.Parser
		p.Reset(false)
		for i := range len(head) {
			if p.Unsized() {
				t.Errorf("%q: unsized after %d bytes", head, i)
			}
			if _, err := p.Feed([]byte(head[i : i+1])); err != nil {
				t.Fatal(err)
			}
		}
		if p.Unsized() != want {
			t.Errorf("%q: got %v; want %v", head, p.Unsized(), want)
		}
		p.Reset(true)
		if _, err := p.Feed([]byte(head)); err != nil || p.Unsized() {
			t.Errorf("%q: in a response to HEAD: %v, %v", head, p.Unsized(), err)
		}
	}
}
