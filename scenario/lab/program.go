package lab

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"

	"nodrop/scenario/lab/certificate"
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
	// It has both of the fleet's hosts, so that it is valid with either dataplane.
	f.certificate, err = certificate.New(f.dir, gateway.Hostname, dataplane.VirtualHost)
	return err
}

// startProgram starts an installed gateway as leader of a process group,
// because it may have worker processes.
func (f *Fleet) startProgram(r *replica, name string, host netip.Addr) (err error) {
	s := &gateway.Site{
		Name: name, Version: f.version, Dir: filepath.Join(f.dir, name), Backend: f.upstream,
		Proto: f.options.Proto, Terms: f.options.terms(),
	}
	if f.certificate != nil {
		s.Certificate = f.certificate.PEM
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
