package file

import (
	"slices"
	"testing"

	"nodrop/loadgen"
)

// TestSettings: every option of a load has a key, but for the URL, which may be
// the target, and the fields that are among the headers.
func TestSettings(t *testing.T) {
	without := []loadgen.Option{loadgen.OptionURL, loadgen.OptionAccept, loadgen.OptionUserAgent}
	list := settings(&loadgen.Options{})
	for _, option := range loadgen.EveryOption() {
		has := slices.ContainsFunc(list, func(s setting) bool { return s.option == option })
		if has == slices.Contains(without, option) {
			t.Errorf("option %s: has a key: %v", option, has)
		}
	}
}

// TestOptionFaults: what is wrong with a load is said where it is, in the words
// of the file.
func TestOptionFaults(t *testing.T) {
	for load, want := range map[string]string{
		"  requests: 10\n  connections: 20":                       "x.yaml:3:13: requests 10: cannot be less than connections 20",
		"  keep-alive: false\n  connections: 300":                 "x.yaml:4:16: requests 200: cannot be less than connections 300",
		"  duration: 0s":                                          "x.yaml:3:13: duration 0s: must be more than 0",
		"  rate: 1\n  rate: 2":                                    `x.yaml:4:3: duplicate key "rate", first on line 3`,
		"  timeout: soon":                                         `x.yaml:3:12: timeout: "soon" is not a time, such as 500ms, 5s or 2m`,
		"  timeout: -1":                                           "x.yaml:3:12: timeout -1s: cannot be negative",
		"  headers:\n    A: b\n    c d: e":                        `x.yaml:5:5: headers "c d": not a header field`,
		"  headers:\n    Expect: nothing":                         `x.yaml:4:5: headers "Expect: nothing": HTTP defines no such expectation`,
		"  connect-to:\n  - 127.0.0.1:1:127.0.0.2:2\n  - gateway": `x.yaml:5:5: connect-to "gateway": want HOST:PORT:ADDR:PORT`,
		"  dns: never":                                            `x.yaml:3:8: dns "never": want one of refresh, once, per-connection`,
		"  method: put\n  proxy: ftp://x/":                        `x.yaml:4:10: proxy "ftp://x/": only http:// and socks5:// proxies are supported`,
		"  proxy: gateway:1\n  unix-socket: /s":                   "x.yaml:3:10: proxy and unix-socket: each sets where connections go; use only one",
		"  key: a.pem":                                            "x.yaml:3:8: cert and key go together",
		"  redirects: false\n  insecure: true":                    "x.yaml:4:13: insecure: http://127.0.0.1:1/ is not an https:// URL, and redirects are not followed",
		"  body-file: \"-\"":                                      "x.yaml:3:14: body-file -: only a plain load can read its body from standard input",
		"  expect-body: length:-5":                                "x.yaml:3:16: expect-body \"length:-5\": want length: and a number of bytes",
		"  expect-body: a\n  method: head":                        "x.yaml:3:16: expect-body and method HEAD: a response to HEAD has no body",
		"  expect-header:\n    X-Pod: (":                          `x.yaml:4:5: expect-header "X-Pod: (": not a regular expression: missing closing ): "("`,
		"  url: gateway":                                          `x.yaml:3:8: url "gateway": not an http:// URL`,
	} {
		text := "target: http://127.0.0.1:1/\nload:\n" + load + "\ntimeline: [{at: 1s, mark: now}]\n"
		_, err := parse("x.yaml", []byte(text), Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%s\ngot %v\nwant %s", load, err, want)
		}
	}
	_, err := parse("x.yaml", []byte("target: gateway\nload: {requests: 1000}\ntimeline: [{at: 1s, mark: now}]\n"), Options{})
	if want := `x.yaml:1:9: target "gateway": not an http:// URL`; err == nil || err.Error() != want {
		t.Errorf("got %v; want %s", err, want)
	}
}
