package loadgen

import (
	"nodrop/loadgen/internal/expect"
)

// wanted reads what responses must have besides their status; nil for nothing.
func wanted(method, body string, headers []string) (*expect.Wanted, error) {
	if body == "" && len(headers) == 0 {
		return nil, nil
	}
	w := &expect.Wanted{}
	var err error
	if body != "" {
		if method == "HEAD" {
			return nil, wrong("%v and %v HEAD: a response to HEAD has no body", OptionExpectBody, OptionMethod)
		}
		if w.Body, err = expect.ParseBody(body); err != nil {
			return nil, wrong("%v %q: %v", OptionExpectBody, body, err)
		}
	}
	for _, text := range headers {
		f, err := expect.ParseField(text)
		if err != nil {
			return nil, wrong("%v %q: %v", OptionExpectHeader, text, err).try(`write "NAME: REGEX"`)
		}
		w.Fields = append(w.Fields, f)
	}
	return w, nil
}
