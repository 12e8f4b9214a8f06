package h1

import (
	"bytes"
	"encoding/binary"
)

// LooksTLS is MalformedError.Looks for a peer that speaks TLS.
const LooksTLS = "TLS"

// greetings are other protocols found on a port, by how their bytes begin.
var greetings = []struct{ begin, name string }{
	{"<", "HTML"},
	{"{", "JSON"},
	{"[", "JSON"},
	{"SSH-", "SSH"},
	{"220 ", "SMTP or FTP"},
	{"220-", "SMTP or FTP"},
	{"+OK", "POP3"},
	{"* OK", "IMAP"},
	{"-ERR", "Redis"},
	{"ICY ", "Icecast (ICY)"},
	{"RTSP/", "RTSP"},
	{"SIP/", "SIP"},
}

// LooksLike names the protocol or format that b looks like, "" if unknown. b
// stands where a head should begin or go on.
func LooksLike(b []byte) string {
	for _, g := range greetings {
		if bytes.HasPrefix(b, []byte(g.begin)) {
			return g.name
		}
	}
	switch {
	case looksLikeTLS(b):
		return LooksTLS
	case looksLikeHTTP2(b):
		return "HTTP/2"
	}
	return ""
}

// looksLikeTLS recognises an alert or a handshake message (RFC 8446 §5.1).
func looksLikeTLS(b []byte) bool {
	return len(b) >= 3 && (b[0] == 21 || b[0] == 22) && b[1] == 3 && b[2] <= 4
}

// looksLikeHTTP2 recognises the frames with which a server may begin, SETTINGS
// and GOAWAY, both on stream 0 (RFC 9113 §4.1).
func looksLikeHTTP2(b []byte) bool {
	const settings, goAway, head = 4, 7, 9
	return len(b) >= head && b[0] == 0 && (b[3] == settings || b[3] == goAway) &&
		binary.BigEndian.Uint32(b[5:head]) == 0
}
