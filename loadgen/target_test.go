package loadgen

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
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseTarget(tc.url)
			if err != nil {
				t.Fatal(err)
			}
			if got.hostport() != tc.hostport || got.hostField() != tc.field || got.path != tc.path {
				t.Errorf("got %s, Host %s, %s; want %s, %s, %s", got.hostport(), got.hostField(), got.path, tc.hostport, tc.field, tc.path)
			}
		})
	}
}
