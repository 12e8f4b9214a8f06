package loadgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/pattern"
)

// fieldPattern matches a field of -H: "Name: value" or, as in curl, "Name;" for
// an empty value and "Name:" for a field not to send.
var fieldPattern = pattern.Lazy(`^[ \t]*([!#$%&'*+\-.^_` + "`" + `|~0-9A-Za-z]+)[ \t]*(?::[ \t]*(.*?)|;)[ \t]*$`)

// ParseField reads a header field as people write it. omit is true for a field
// with neither a value nor a semicolon, which is not to be sent.
func ParseField(text string) (f Field, omit bool, err error) {
	name, _, _ := strings.Cut(text, ":") // the rest may be a secret
	if strings.ContainsAny(text, "\r\n\x00") {
		return f, false, wrong("%v %q: contains a line break or NUL", OptionHeader, name)
	}
	m := fieldPattern().FindStringSubmatch(text)
	if m == nil {
		return f, false, wrong("%v %q: not a header field", OptionHeader, name).try(`write "Name: value"`)
	}
	f = Field{Name: m[1], Value: m[2]}
	return f, f.Value == "" && !strings.HasSuffix(strings.TrimRight(text, " \t"), ";"), nil
}

// framing lists the fields that nodrop writes itself, because a wrong value
// makes the message unreadable, and what it does instead of sending a given
// one. net/http, and so hey, does the same.
var framing = []struct{ name, instead string }{
	{"Content-Length", "nodrop sets it to the length of the body"},
	{"Transfer-Encoding", "nodrop sends the body with a Content-Length"},
	{"Trailer", "nodrop sends no trailers"},
}

// normalizeFields brings the host, the server name and the header fields into the
// form that is sent, and rejects what cannot be sent. Changes that the user should
// know are added to c.corrected.
func (c *Config) normalizeFields() error {
	var err error
	if c.Host, err = target.ASCIIHostport(strings.Trim(c.Host, " \t")); err != nil {
		return wrong("%v: %v", OptionHost, err)
	}
	if c.TLS.ServerName, err = target.ASCIIHost(c.TLS.ServerName); err != nil {
		return wrong("%v: %v", OptionSNI, err)
	}
	for _, own := range framing {
		c.dropField(own.name, own.instead)
	}
	if err := c.normalizeExpect(); err != nil {
		return err
	}
	return c.normalizeConnection()
}

// dropField removes a field. It adds a note unless the field was redundant.
func (c *Config) dropField(name, why string) {
	c.Fields = slices.DeleteFunc(slices.Clone(c.Fields), func(f Field) bool {
		if !strings.EqualFold(f.Name, name) {
			return false
		}
		if name != "Content-Length" || c.BodyFile != "" || f.Value != strconv.Itoa(len(c.Body)) {
			c.corrected = append(slices.Clip(c.corrected), fmt.Sprintf("-H %q is not sent: %s", f.Name+": "+f.Value, why))
		}
		return true
	})
}

// normalizeExpect checks the Expect field. 100-continue is the only expectation
// (RFC 9110 §10.1.1), and it applies only to a request with a body.
func (c *Config) normalizeExpect() error {
	i := slices.IndexFunc(c.Fields, func(f Field) bool { return strings.EqualFold(f.Name, "expect") })
	if i < 0 {
		return nil
	}
	if value := c.Fields[i].Value; !strings.EqualFold(value, "100-continue") {
		return wrong("%v %q: HTTP defines no such expectation", OptionHeader, "Expect: "+value).try("use Expect: 100-continue, the only one that HTTP defines")
	}
	if len(c.Body) == 0 && c.BodyFile == "" {
		c.dropField("Expect", "the request has no body, so there is nothing to wait for")
	}
	return nil
}

// normalizeConnection rejects an Upgrade that servers would ignore. If connections
// are closed, the Connection field says close, and not keep-alive.
func (c *Config) normalizeConnection() error {
	if hasField(c.Fields, "upgrade") && !hasElement(c.Fields, "connection", "upgrade") {
		return wrong("%v Upgrade: servers ignore it without Connection: Upgrade", OptionHeader).try(`add %v "Connection: Upgrade"`, OptionHeader)
	}
	i := slices.IndexFunc(c.Fields, func(f Field) bool { return strings.EqualFold(f.Name, "connection") })
	if i < 0 || !c.closes() {
		return nil
	}
	var kept []string
	for element := range strings.SplitSeq(c.Fields[i].Value, ",") {
		element = strings.TrimSpace(element)
		if element != "" && !strings.EqualFold(element, "keep-alive") && !strings.EqualFold(element, "close") {
			kept = append(kept, element)
		}
	}
	c.Fields = slices.Clone(c.Fields)
	c.Fields[i].Value = strings.Join(append(kept, "close"), ", ")
	return nil
}

// withoutContent drops the fields that described a body which a redirect removed
// (RFC 9110 §15.4, and §10.1.1 for Expect).
func withoutContent(fields []Field) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool {
		name := strings.ToLower(f.Name)
		return strings.HasPrefix(name, "content-") || slices.Contains([]string{"digest", "repr-digest", "last-modified", "expect"}, name)
	})
}
