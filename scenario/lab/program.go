package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"

	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
)

// prepare finds the gateway's program and makes what its replicas need.
func (f *Fleet) prepare(ctx context.Context) (err error) {
	if f.gateway, err = gateway.Parse(f.options.Gateway); err != nil {
		return err
	}
	if f.gateway.Own() && !f.options.Proto.TLS() {
		return nil // it needs no files
	}
	if !f.gateway.Own() {
		if f.program, err = f.gateway.Find(f.options.Program); err != nil {
			return err
		}
		if f.version, err = f.gateway.VersionOf(ctx, f.program); err != nil {
			return err
		}
	}
	if f.dir, err = f.group.TempDir("nodrop-lab-"); err != nil || !f.options.Proto.TLS() {
		return err
	}
	return f.certify()
}

// certify makes the fleet's certificate. It has both of the fleet's hosts, so
// that it is valid with either dataplane.
func (f *Fleet) certify() (err error) {
	if f.certificate, err = newCertificate(gateway.Hostname, dataplane.VirtualHost); err != nil {
		return err
	}
	for name, text := range map[string]string{f.issuerFile(): f.certificate.issuer, f.certificateFile(): f.certificate.pem} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// environ makes OpenSSL and Go trust the fleet's certificate, in a client that
// verifies it.
func (f *Fleet) environ() []string {
	if f.certificate == nil {
		return nil
	}
	return append(os.Environ(), "SSL_CERT_FILE="+f.issuerFile())
}

// issuerFile is for clients, certificateFile for the builtin gateway.
func (f *Fleet) issuerFile() string      { return filepath.Join(f.dir, "issuer.pem") }
func (f *Fleet) certificateFile() string { return filepath.Join(f.dir, gateway.CertificateFile) }

// startProgram starts an installed gateway as leader of a process group,
// because it may have worker processes.
func (f *Fleet) startProgram(r *replica, name string, host netip.Addr) (err error) {
	s := &gateway.Site{
		Name: name, Version: f.version, Dir: filepath.Join(f.dir, name), Backend: f.upstream,
		Proto: f.options.Proto, Terms: f.options.terms(),
	}
	if f.certificate != nil {
		s.Certificate = f.certificate.pem
	}
	if s.Listen, s.Admin, err = freePorts(host); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	cmd, err := f.gateway.Command(f.program, s)
	if err != nil {
		return err
	}
	r.site = s
	r.member, err = f.spawn(name, cmd, true)
	return err
}
