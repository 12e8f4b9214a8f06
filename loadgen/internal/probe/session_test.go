package probe

import (
	"crypto/tls"
	"errors"
	"testing"

	"nodrop/loadgen/internal/faultserver"
	"nodrop/loadgen/record"
)

const gateway = "gateway.example"

// newSecureProber returns the prober of a load on a server with that
// configuration, which gets a certificate.
func newSecureProber(t *testing.T, server *tls.Config) *Prober {
	t.Helper()
	cert, roots, err := faultserver.SelfSigned(gateway)
	if err != nil {
		t.Fatal(err)
	}
	server.Certificates = []tls.Certificate{cert}
	p := newProber(t, serve(t, okResponse, server))
	p.job.First.TLS = &tls.Config{RootCAs: roots, ServerName: gateway}
	return p
}

// TestResumes: a probe resumes the session of the last one, unless a handshake
// has failed, and never one of another endpoint.
func TestResumes(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		seen := make(chan tls.ConnectionState, 1)
		p := newSecureProber(t, &tls.Config{
			MaxVersion: version,
			VerifyConnection: func(s tls.ConnectionState) error {
				seen <- s
				return nil
			},
		})
		p.replicas, p.header = 2, "x-replica" // which share the address
		other := p.job.Recorder.Names.ID("replica-2")
		for i, try := range []struct {
			subject subject
			resumes bool
		}{
			{subject{loss: 1}, false},
			{subject{loss: 1}, true},
			{subject{}, true},
			{subject{whole: true}, false},
			{subject{loss: 1}, true},
			{subject{endpoint: other, loss: 1}, false},
			{subject{endpoint: other, loss: 1}, true},
		} {
			if got := p.try(t.Context(), &try.subject); !got.works {
				t.Fatalf("%s, probe %d: got %+v and %+v", tls.VersionName(version), i, got, p.list)
			}
			got := <-seen
			if hybrid := got.CurveID == tls.X25519MLKEM768; got.DidResume != try.resumes || hybrid != (!try.resumes && version == tls.VersionTLS13) {
				t.Errorf("%s, probe %d: resumed %v with %v; want %v", tls.VersionName(version), i, got.DidResume, got.CurveID, try.resumes)
			}
		}
		if p.job.First.TLS.ClientSessionCache != nil {
			t.Error("the load would resume sessions, too")
		}
	}
}

// TestSessionRefused: a server that fails when it is offered a session says
// nothing of whole handshakes, which are all that the load makes.
func TestSessionRefused(t *testing.T) {
	p := newSecureProber(t, &tls.Config{
		UnwrapSession: func([]byte, tls.ConnectionState) (*tls.SessionState, error) {
			return nil, errors.New("not this one")
		},
	})
	s := &subject{loss: 1}
	if got := p.try(t.Context(), s); !got.works {
		t.Fatalf("got %+v and %+v", got, p.list)
	}
	if got := p.try(t.Context(), s); !got.unsure || !got.inTLS || got.works || len(p.list) != 1 || p.unlisted != 1 {
		t.Errorf("got %+v, %d listed, %d unlisted; want an unsure outcome that is not listed", got, len(p.list), p.unlisted)
	}
	for range 2 {
		if got := p.try(t.Context(), s); !got.works {
			t.Errorf("a whole handshake: got %+v and %+v", got, p.list)
		}
	}
}

// TestFailedHandshake: a handshake that offered no session counts.
func TestFailedHandshake(t *testing.T) {
	p := newSecureProber(t, &tls.Config{})
	p.job.First.TLS.ServerName = "other.example"
	for range 2 {
		if got := p.try(t.Context(), &subject{loss: 1}); got.works || got.unsure || !got.inTLS {
			t.Errorf("got %+v", got)
		}
	}
	if len(p.list) != 2 || p.list[1].Class.Stage() != record.StageTLS || p.list[1].Outcome != record.ProbeTLSFailed {
		t.Errorf("got %+v", p.list)
	}
}
