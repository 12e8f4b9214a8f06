package brief

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/loadgen/record/secure"
)

func TestTLS(t *testing.T) {
	run := &record.Run{Duration: int64(time.Second), Environment: record.Environment{CPUs: 2}}
	if TLS(run) != nil {
		t.Error("a line without TLS")
	}
	a, b := &secure.Handshakes{Busy: int64(time.Second)}, &secure.Handshakes{}
	for i := range 5 {
		a.Add(secure.Session{Version: "TLS 1.3", Cipher: "TLS_AES_128_GCM_SHA256", ALPN: "http/1.1"}, i > 0)
	}
	b.Add(secure.Session{Version: "TLS 1.2", Cipher: "TLS_RSA_WITH_AES_128_CBC_SHA"}, false)
	run.TLS = secure.Sum(b, a)
	if err := run.TLS.Validate(6, int64(time.Hour)); err != nil {
		t.Error(err)
	}
	if err := run.TLS.Validate(5, int64(time.Hour)); err == nil {
		t.Error("more handshakes than may be are valid")
	}
	want := []string{
		"TLS 1.3 with TLS_AES_128_GCM_SHA256, http/1.1: 5 handshakes",
		"TLS 1.2 with TLS_RSA_WITH_AES_128_CBC_SHA: 1 handshake",
	}
	if diff := cmp.Diff(want, TLS(run)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	run.Settings.TLSResume = true
	if diff := cmp.Diff(append(want, "resumed 4 of 6 handshakes"), TLS(run)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if share, much := Handshaking(run); share != 0.5 || !much {
		t.Errorf("%g of the time, much %t; want half, which is much", share, much)
	}
	run.TLS.Busy--
	if _, much := Handshaking(run); much {
		t.Error("less than half is much")
	}
}
