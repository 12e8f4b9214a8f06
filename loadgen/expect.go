package loadgen

import (
	"nodrop/loadgen/internal/expect"
)

// wanted reads what responses must have besides their status; nil for nothing.
func (c *Config) wanted() (*expect.Wanted, error) {
	if c.ExpectBody == "" && len(c.ExpectHeaders) == 0 {
		return nil, nil
	}
	w := &expect.Wanted{}
	var err error
	if c.ExpectBody != "" {
		if c.Method == "HEAD" {
			return nil, wrong("%v and %v HEAD: a response to HEAD has no body", OptionExpectBody, OptionMethod)
		}
		if w.Body, err = expect.ParseBody(c.ExpectBody); err != nil {
			return nil, wrong("%v %q: %v", OptionExpectBody, c.ExpectBody, err)
		}
	}
	for _, text := range c.ExpectHeaders {
		f, err := expect.ParseField(text)
		if err != nil {
			return nil, wrong("%v %q: %v", OptionExpectHeader, text, err).try(`write "NAME: REGEX"`)
		}
		w.Fields = append(w.Fields, f)
	}
	return w, nil
}
