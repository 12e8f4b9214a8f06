package h2

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/http2/hpack"

	"nodrop/loadgen/internal/h1"
)

// Request describes one request. Prepare makes of it, once, what is sent many
// times.
type Request struct {
	Method    string // a token; "" means GET
	Scheme    string // "" means http
	Authority string
	Path      string     // with the query; "" means "/"
	Fields    []h1.Field // in this order; names in any case
	Body      []byte

	// Length is the length of a body that is not in Body. Read then fills b
	// with its bytes from off on.
	Length int64
	Read   func(b []byte, off int64) error

	// Expects says that the body waits for a 100 (Continue), or for
	// Conn.Proceed.
	Expects bool
}

// Prepared is a Request as connections send it. It does not change, so all
// connections may share it.
type Prepared struct {
	fields   []hpack.HeaderField
	body     []byte
	length   int64
	read     func(b []byte, off int64) error
	expects  bool
	headOnly bool
}

// Validate reports what in the request HTTP/2 cannot carry, or what servers
// would read differently than intended. It does not quote field values, which
// may be secrets.
func (r *Request) Validate() error {
	if r.Method != "" && !httpguts.ValidHeaderFieldName(r.Method) {
		return fmt.Errorf("method %q is not a token", r.Method)
	}
	if i := strings.IndexFunc(r.Path, isSpaceOrControl); i >= 0 {
		return fmt.Errorf("target %q: %q must be percent-encoded", r.Path, r.Path[i])
	}
	if i := strings.IndexFunc(r.Authority, isSpaceOrControl); i >= 0 {
		return fmt.Errorf("host %q: %q is not allowed", r.Authority, r.Authority[i])
	}
	for _, f := range r.Fields {
		switch {
		case !httpguts.ValidHeaderFieldName(f.Name):
			return fmt.Errorf("header field %q: its name is not a token", f.Name)
		case isFraming(strings.ToLower(f.Name)):
			return fmt.Errorf("header field %q: nodrop sets this field", f.Name)
		case !httpguts.ValidHeaderFieldValue(f.Value):
			return fmt.Errorf("header field %q: its value contains a line break or another control character", f.Name)
		}
	}
	return nil
}

func isSpaceOrControl(c rune) bool { return c <= ' ' || c == 0x7f }

func isFraming(name string) bool { return name == "content-length" || name == "trailer" }

// Prepare returns the request as connections send it. Fields that LeftOut names
// are left out. Content-Length is added where net/http adds it: to any body,
// and to a POST, PUT or PATCH without one.
func (r *Request) Prepare() *Prepared {
	method := orElse(r.Method, "GET")
	p := &Prepared{
		fields: r.pseudo(method), body: r.Body, length: int64(len(r.Body)) + r.Length,
		read: r.Read, expects: r.Expects, headOnly: method == "HEAD",
	}
	for _, f := range r.Fields {
		name := strings.ToLower(f.Name)
		if value := strings.Trim(f.Value, " \t"); isCarried(name, value) {
			p.fields = append(p.fields, hpack.HeaderField{Name: name, Value: value})
		}
	}
	if p.length > 0 || method == "POST" || method == "PUT" || method == "PATCH" {
		length := strconv.FormatInt(p.length, 10)
		p.fields = append(p.fields, hpack.HeaderField{Name: "content-length", Value: length})
	}
	return p
}

// pseudo returns the fields that say what is requested. CONNECT has neither
// scheme nor path (RFC 9113 §8.5).
func (r *Request) pseudo(method string) []hpack.HeaderField {
	fields := []hpack.HeaderField{{Name: ":method", Value: method}}
	if r.Authority != "" {
		fields = append(fields, hpack.HeaderField{Name: ":authority", Value: r.Authority})
	}
	if method == "CONNECT" {
		return fields
	}
	return append(fields,
		hpack.HeaderField{Name: ":scheme", Value: orElse(r.Scheme, "http")},
		hpack.HeaderField{Name: ":path", Value: orElse(r.Path, "/")})
}

// LeftOut returns the names of the Fields that HTTP/2 does not have: those about
// one connection (RFC 9113 §8.2.2), and Host, which Authority replaces.
func (r *Request) LeftOut() (names []string) {
	for _, f := range r.Fields {
		if !isCarried(strings.ToLower(f.Name), strings.Trim(f.Value, " \t")) {
			names = append(names, f.Name)
		}
	}
	return names
}

func isCarried(name, value string) bool {
	return name != "host" && !isFraming(name) && !isHopByHop(name) && (name != "te" || strings.EqualFold(value, "trailers"))
}

// isHopByHop reports whether a field is about one connection, which HTTP/2
// says in other ways.
func isHopByHop(name string) bool {
	switch name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		return true
	}
	return false
}

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
