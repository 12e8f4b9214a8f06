package loadgen

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"nodrop/loadgen/internal/target"
	"nodrop/loadgen/misuse"
)

// fieldPattern is a field as -H takes it: "Name: value", or as in curl "Name;"
// for one without a value and "Name:" for one that is not to be sent.
var fieldPattern = regexp.MustCompile(`^[ \t]*([!#$%&'*+\-.^_` + "`" + `|~0-9A-Za-z]+)[ \t]*(?::[ \t]*(.*?)|;)[ \t]*$`)

// parseField reads -H. Without a value and a semicolon the field is one to
// leave out.
func parseField(text string) (f Field, omit bool, err error) {
	name, _, _ := strings.Cut(text, ":") // what follows may be a secret
	if strings.ContainsAny(text, "\r\n\x00") {
		return f, false, fmt.Errorf("-H %q: a line break or NUL in it", name)
	}
	m := fieldPattern.FindStringSubmatch(text)
	if m == nil {
		return f, false, &misuse.Error{Problem: fmt.Sprintf("-H %q: not a header field", name), Hint: `write "Name: value"`}
	}
	f = Field{Name: m[1], Value: m[2]}
	return f, f.Value == "" && !strings.HasSuffix(strings.TrimRight(text, " \t"), ";"), nil
}

// framing are the fields that nodrop itself writes, because a wrong one makes a
// message that no server can read, and what it does about one that is given.
// net/http, and so hey, does the same.
var framing = []struct{ name, instead string }{
	{"Content-Length", "nodrop itself says how long the body is"},
	{"Transfer-Encoding", "the body goes out with its Content-Length"},
	{"Trailer", "nodrop sends no trailers"},
}

// settleFields corrects or refuses what would make a malformed request.
func (c *Config) settleFields() error {
	var err error
	if c.Host, err = target.ASCIIHostport(strings.Trim(c.Host, " \t")); err != nil {
		return fmt.Errorf("-host: %w", err)
	}
	if c.TLS.ServerName, err = target.ASCIIHost(c.TLS.ServerName); err != nil {
		return fmt.Errorf("--sni: %w", err)
	}
	for _, own := range framing {
		c.dropField(own.name, own.instead)
	}
	if err := c.settleExpect(); err != nil {
		return err
	}
	return c.settleConnection()
}

// dropField leaves a field out, and notes it unless it says what is so anyway.
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

// settleExpect: there is one expectation (RFC 9110 §10.1.1), and it is that of
// a request with a body.
func (c *Config) settleExpect() error {
	i := slices.IndexFunc(c.Fields, func(f Field) bool { return strings.EqualFold(f.Name, "expect") })
	if i < 0 {
		return nil
	}
	if value := c.Fields[i].Value; !strings.EqualFold(value, "100-continue") {
		return &misuse.Error{Problem: fmt.Sprintf("-H %q: no server can meet that expectation", "Expect: "+value), Hint: "the only one that HTTP knows is 100-continue"}
	}
	if len(c.Body) == 0 && c.BodyFile == "" {
		c.dropField("Expect", "the request has no body, so there is nothing to wait for")
	}
	return nil
}

// settleConnection makes one Connection field of what it is to say.
func (c *Config) settleConnection() error {
	if hasField(c.Fields, "upgrade") && !hasElement(c.Fields, "connection", "upgrade") {
		return &misuse.Error{Problem: "-H Upgrade: servers ignore it without a Connection field that names it", Hint: `add -H "Connection: Upgrade"`}
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

// withoutContent drops what described a body that a redirect took away
// (RFC 9110 §15.4, and for Expect §10.1.1).
func withoutContent(fields []Field) []Field {
	return slices.DeleteFunc(slices.Clone(fields), func(f Field) bool {
		name := strings.ToLower(f.Name)
		return strings.HasPrefix(name, "content-") || slices.Contains([]string{"digest", "repr-digest", "last-modified", "expect"}, name)
	})
}
