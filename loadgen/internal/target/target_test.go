package target

import "testing"

func TestTarget(t *testing.T) {
	tests := map[string]struct{ url, hostport, field, path string }{
		"plain":            {"http://gateway", "gateway:80", "gateway", "/"},
		"port":             {"http://gateway:8080/a?b=c#d", "gateway:8080", "gateway:8080", "/a?b=c"},
		"port left empty":  {"http://gateway:/", "gateway:80", "gateway", "/"},
		"IPv6":             {"http://[::1]:8080/", "[::1]:8080", "[::1]:8080", "/"},
		"IPv6, no port":    {"http://[::1]/", "[::1]:80", "[::1]", "/"},
		"zone stays ours":  {"http://[fe80::1%25eth0]:8080/", "[fe80::1%eth0]:8080", "[fe80::1]:8080", "/"},
		"zone, no port":    {"http://[fe80::1%25eth0]/", "[fe80::1%eth0]:80", "[fe80::1]", "/"},
		"odd path":         {"http://gateway/a b/ä", "gateway:80", "gateway", "/a%20b/%C3%A4"},
		"odd query":        {"http://gateway/?a b=ä%20%zz", "gateway:80", "gateway", "/?a%20b=%C3%A4%20%zz"},
		"userinfo is none": {"http://u:p@gateway/", "gateway:80", "gateway", "/"},

		"capitals":                {"HTTP://Gateway/A", "Gateway:80", "Gateway", "/A"},
		"capitals, https":         {"HtTpS://gateway/", "gateway:443", "gateway", "/"},
		"blanks around":           {" \t\uFEFFhttp://gateway/a \r\n", "gateway:80", "gateway", "/a"},
		"zone as curl takes it":   {"http://[fe80::1%eth0]:8080/", "[fe80::1%eth0]:8080", "[fe80::1]:8080", "/"},
		"numbered zone":           {"http://[fe80::1%2]/", "[fe80::1%2]:80", "[fe80::1]", "/"},
		"another script":          {"http://bücher.example:81/", "xn--bcher-kva.example:81", "xn--bcher-kva.example:81", "/"},
		"another script, capital": {"http://BÜCHER.example/", "xn--bcher-kva.example:80", "xn--bcher-kva.example", "/"},
		"another script, escaped": {"http://b%C3%BCcher.example/", "xn--bcher-kva.example:80", "xn--bcher-kva.example", "/"},
		"another dot":             {"http://例え。テスト/", "xn--r8jz45g.xn--zckzah:80", "xn--r8jz45g.xn--zckzah", "/"},
		"underscore":              {"http://my_gateway/", "my_gateway:80", "my_gateway", "/"},

		"escapes stay":              {"http://g/a%2Fb%2bc%7e", "g:80", "g", "/a%2Fb%2bc%7e"},
		"escapes beside braces":     {"http://g/a%2Fb/{id}", "g:80", "g", "/a%2Fb/%7Bid%7D"},
		"escapes beside blanks":     {"http://g/a%2Fb c", "g:80", "g", "/a%2Fb%20c"},
		"escapes beside others":     {"http://g/%2B%3D%25/ü|^\"<>\\`", "g:80", "g", "/%2B%3D%25/%C3%BC%7C%5E%22%3C%3E%5C%60"},
		"what may stand":            {"http://g/-._~!$&'()*+,;=:@[]", "g:80", "g", "/-._~!$&'()*+,;=:@[]"},
		"dots stay":                 {"http://g/a/../b/./%2e%2e", "g:80", "g", "/a/../b/./%2e%2e"},
		"slashes stay":              {"http://g//a//b", "g:80", "g", "//a//b"},
		"escapes in the query":      {"http://g/?a=%2F%20+b/?{}", "g:80", "g", "/?a=%2F%20+b/?{}"},
		"a query that is empty":     {"http://g/?", "g:80", "g", "/?"},
		"a query without a path":    {"http://g?a b", "g:80", "g", "/?a%20b"},
		"a fragment without a path": {"http://g#x y", "g:80", "g", "/"},
		"a URL in the query":        {"http://g/?to=http://u:p@h/", "g:80", "g", "/?to=http://u:p@h/"},
		"quotes at the end":         {`http://g/a" class="x"`, "g:80", "g", "/a%22%20class=%22x%22"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, slipped := Check(TrimBlanks(tc.url))
			if slipped != nil {
				t.Fatal(slipped)
			}
			if got.Hostport() != tc.hostport || got.HostField() != tc.field || got.Path != tc.path {
				t.Errorf("got %s, Host %s, %s; want %s, %s, %s", got.Hostport(), got.HostField(), got.Path, tc.hostport, tc.field, tc.path)
			}
		})
	}
}
