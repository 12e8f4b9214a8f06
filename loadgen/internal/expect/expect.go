// Package expect says whether a response is what --expect-body and
// --expect-header ask for.
//
//	ParseBody, ParseField → Wanted, one for all of a load
//	Check: Begin, Feed the pieces of a body, End; one for each worker, reused
//
// A Check keeps no more of a body than its kind of match needs: a length is
// counted, a checksum is computed as the pieces come, and a pattern is matched
// on at most the first MaxKept bytes. It allocates nothing for later bodies,
// except that a buffer of more than 64 KiB is not kept between bodies.
package expect

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"nodrop/loadgen/safetext"
)

// MaxKept is how many bytes of a body a pattern is matched on.
const MaxKept = 1 << 20

// Wanted is what a response must have.
type Wanted struct {
	Body   *Body // nil for any
	Fields []Field
}

// Body is what a body must be; one of its kinds is set.
type Body struct {
	text    string // as given
	pattern *regexp.Regexp
	sum     *[sha256.Size]byte
	length  int64 // if the others are nil
}

// Field is a response field that must be there and match.
type Field struct {
	Name    string // in lower case
	pattern *regexp.Regexp
}

// ParseBody reads REGEX, sha256:HEX or length:N. The error does not repeat the
// text.
func ParseBody(text string) (*Body, error) {
	b := &Body{text: text}
	if digits, ok := strings.CutPrefix(text, "sha256:"); ok {
		sum, err := hex.DecodeString(digits)
		if err != nil || len(sum) != sha256.Size {
			return nil, fmt.Errorf("want sha256: and %d hexadecimal digits", 2*sha256.Size)
		}
		b.sum = (*[sha256.Size]byte)(sum)
		return b, nil
	}
	if digits, ok := strings.CutPrefix(text, "length:"); ok {
		n, err := strconv.ParseUint(digits, 10, 63)
		if err != nil {
			return nil, errors.New("want length: and a number of bytes")
		}
		b.length = int64(n)
		return b, nil
	}
	var err error
	b.pattern, err = compile(text)
	return b, err
}

var errNoField = errors.New("not the name of a header field and a regular expression")

// ParseField reads "NAME: REGEX". Without a REGEX, any value matches.
func ParseField(text string) (Field, error) {
	name, pattern, found := strings.Cut(text, ":")
	name = strings.Trim(name, " \t")
	if !found || name == "" || strings.ContainsFunc(name, isNoToken) {
		return Field{}, errNoField
	}
	compiled, err := compile(strings.Trim(pattern, " \t"))
	return Field{strings.ToLower(name), compiled}, err
}

// Shown is the text of a Field as people and files may see it: mask hides the
// secrets that are known, and the pattern of a field that holds secrets is left
// out.
func Shown(text string, mask func(string) string) string {
	name, pattern, _ := strings.Cut(text, ":")
	if safetext.IsSecretName(name) && strings.Trim(pattern, " \t") != "" {
		return name + ": " + safetext.Masked
	}
	return mask(text)
}

func isNoToken(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
}

// compile puts what is wrong with a pattern in one line.
func compile(text string) (*regexp.Regexp, error) {
	pattern, err := regexp.Compile(text)
	if flaw, ok := errors.AsType[*syntax.Error](err); ok {
		return nil, fmt.Errorf("not a regular expression: %s: %q", flaw.Code, flaw.Expr)
	}
	return pattern, err
}

// Judge returns what is wrong with the value of the field, nil if the response
// has no such field; "" if it is as wanted.
func (f *Field) Judge(value []byte) string {
	switch {
	case value == nil:
		return "no field " + f.Name + " (--expect-header)"
	case f.pattern.Match(value):
		return ""
	case safetext.IsSecretName(f.Name):
		return "the field " + f.Name + " does not match its pattern (--expect-header)"
	default:
		return "the field " + f.Name + " does not match " + f.pattern.String() + " (--expect-header)"
	}
}
