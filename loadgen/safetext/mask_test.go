package safetext

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

func TestMaskText(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"http://user:secret@h:80/", "http://user:***@h:80/"},
		{"http://user:se@cret@h/", "http://user:***@h/"},
		{"http://user:se/cret@h/x", "http://user:***@h/x"},
		{"http://user:secret@h:x/", "http://user:***@h:x/"},
		{"http://user@h/", "http://user@h/"},
		{"http://h:8080/@me", "http://h:8080/@me"},
		{"http://[::1]:8080/a@b", "http://[::1]:8080/a@b"},
		{`-x "socks5://user:secret@h:1080": no`, `-x "socks5://user:***@h:1080": no`},
		{"http://h/?a=b&access_token=secret&X-Amz-Signature=secret#x", "http://h/?a=b&access_token=***&X-Amz-Signature=***#x"},
		{"http://h/?KEY=secret;sig=secret", "http://h/?KEY=***;sig=***"},
		{"http://h/?code=503", "http://h/?code=503"},
		{"http://h/?code=secretcode", "http://h/?code=***"},
		{"http://h/?key=${TOKEN}&keyboard=de", "http://h/?key=${TOKEN}&keyboard=de"},
		{"curl -H 'Authorization: Bearer secret' -H 'X-Api-Key: secret' http://h/", "curl -H 'Authorization: Bearer ***' -H 'X-Api-Key: ***' http://h/"},
		{`curl -H "Authorization: Bearer ${TOKEN}"`, `curl -H "Authorization: Bearer ${TOKEN}"`},
		{`-H "Authorization Bearer secret": not a header field`, `-H "Authorization Bearer ***": not a header field`},
		{"the rbac.authorization.k8s.io/v1 authorization failed", "the rbac.authorization.k8s.io/v1 authorization failed"},
		{"authorization: secret", "authorization: ***"},
		{`Proxy-Authorization: Basic c2VjcmV0`, `Proxy-Authorization: Basic ***`},
		{"Cookie: sid=secret; theme=secret", "Cookie: ***"},
		{"wget --header='Cookie: sid=secret' --password secret x", "wget --header='Cookie: ***' --password *** x"},
		{"hey -a me:secret -n 200", "hey -a me:*** -n 200"},
		{"curl -u 'me:secret' h", "curl -u 'me:***' h"},
		{"kubectl --token=secret scale deployment gateway --replicas=1", "kubectl --token=*** scale deployment gateway --replicas=1"},
		{"DB_PASSWORD=secret ./run", "DB_PASSWORD=*** ./run"},
		{"PASSWORD=$1 ./run", "PASSWORD=$1 ./run"},
		{"shutdown settings: pre-stop hook 5s, x-ray: on", "shutdown settings: pre-stop hook 5s, x-ray: on"},
		{"--cert and --key go together", "--cert and --key go together"},
		{"-x http://USER:PASSWORD@h:1", "-x http://USER:PASSWORD@h:1"},
		{`{"user":"me","password":"secret","env":[{"name":"DB_TOKEN","value":"secret"},{"name":"A","value":"b"}]}`, `{"user":"me","password":"***","env":[{"name":"DB_TOKEN","value":"***"},{"name":"A","value":"b"}]}`},
		{"kept-alive connections were closed", "kept-alive connections were closed"},
		{"${API_TOKEN} is not set: set it with --set API_TOKEN=…, in the environment or under vars", "${API_TOKEN} is not set: set it with --set API_TOKEN=…, in the environment or under vars"},
		{"http://h/?token=secret: it takes no URL", "http://h/?token=***: it takes no URL"},
	} {
		got := MaskText(tc.text)
		if got != tc.want {
			t.Errorf("%s\n got %s\nwant %s", tc.text, got, tc.want)
		}
		if again := MaskText(got); again != got {
			t.Errorf("masked twice: %s\n got %s", got, again)
		}
	}
	if got := MaskURL("user:secret@h:3128"); got != "user:***@h:3128" {
		t.Errorf("a proxy without a scheme: %s", got)
	}
}

// TestMaskCut: a text that was cut may end with the beginning of a secret.
func TestMaskCut(t *testing.T) {
	var s Secrets
	s.Add("hunter22", Masked)
	if got := string(s.MaskBytes([]byte("page of hunter22, hunte"), true)); got != "page of ***, ***" {
		t.Errorf("cut: %s", got)
	}
	text := []byte("nothing in it")
	if n := testing.AllocsPerRun(10, func() { s.MaskBytes(text, true) }); n != 0 {
		t.Errorf("%v allocations for nothing", n)
	}
}

func TestClean(t *testing.T) {
	const outside = "a\x1b[2J\x07\u009b\u202e\u2066\u200f\u061c\x7f\xffb\r\n\tc é 語 👍"
	if got, want := CleanLine(outside), "a\ufffd[2J\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\ufffdb  \u0020c é 語 👍"; got != want {
		t.Errorf("got %q; want %q", got, want)
	}
	var b strings.Builder
	if n, err := (CleanWriter{&b}).Write([]byte(outside)); n != len(outside) || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if got := b.String(); strings.ContainsFunc(got, func(r rune) bool { return r != '\ufffd' && IsUnsafe(r) }) || !strings.Contains(got, "\n\tc é") {
		t.Errorf("%q", got)
	}
}

// TestEscapeJSON: a text reads back unchanged, and nothing unsafe in it is raw.
func TestEscapeJSON(t *testing.T) {
	for _, text := range []string{"plain", "\x1b\u009b31m \u202e\u2028 \x7f \U000E0041 é 👍 <&> \"\\", "\xff"} {
		var out bytes.Buffer
		if err := json.NewEncoder(JSONWriter{&out}).Encode(text); err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsFunc(out.Bytes(), func(r rune) bool { return r != '\ufffd' && IsUnsafe(r) }) {
			t.Errorf("%q is raw", out.Bytes())
		}
		var back string
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") {
			t.Errorf("%q, %v; want %q", back, err, text)
		}
	}
}

// TestMaskLongURL: the beginning of a long URL is shown, but no part of a
// secret in it, wherever the URL is cut.
func TestMaskLongURL(t *testing.T) {
	secret := strings.Repeat("S3CRET", 1000)
	for _, url := range []string{
		"http://me:" + secret + "@host/",
		"http://host/" + strings.Repeat("x", 1000) + "?token=" + secret,
		"http://host/?token=" + secret + "&page=1",
		"//me:" + secret + "@host/",
		"me:" + secret + "@host",
	} {
		got := Bounded(MaskForeignURL(url))
		if strings.Contains(got, "S3C") || len(got) > MaxText {
			t.Errorf("%.40s…: got %d bytes: %s", url, len(got), got)
		}
	}
	if one, other := MaskForeignURL("/"+secret+"1"), MaskForeignURL("/"+secret+"2"); one == other {
		t.Errorf("two URLs both become %s", one)
	}
}

func TestMaskURL(t *testing.T) {
	for url, want := range map[string]string{
		"http://gateway/":              "http://gateway/",
		"http://u@gateway/":            "http://u@gateway/",
		"http://u:secret@gateway/":     "http://u:***@gateway/",
		"http://u:se:c@ret@gateway/":   "http://u:***@gateway/",
		"http://u:se/cret@gateway/":    "http://u:***@gateway/",
		"u:secret@gateway:80":          "u:***@gateway:80",
		"socks5://u:secret@gateway:80": "socks5://u:***@gateway:80",
		"http://gateway:80/a@b:c@d":    "http://gateway:80/a@b:c@d",
		"http://gateway/?a=u:p@h":      "http://gateway/?a=u:p@h",
		"http://gateway:8080?a=u@h":    "http://gateway:8080?a=u@h",
		"//u:secret@gateway/":          "//u:***@gateway/",
		"/path/a:b@c":                  "/path/a:b@c",
		"":                             "",
	} {
		if got := MaskURL(url); got != want {
			t.Errorf("%q: got %q; want %q", url, got, want)
		}
	}
}
