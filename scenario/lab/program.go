package lab

import (
	"context"
	"fmt"
	"net/netip"
	"path/filepath"

	"nodrop/scenario/lab/gateway"
)

// prepare finds the gateway's program and creates a directory for its files.
func (f *Fleet) prepare(ctx context.Context) (err error) {
	if f.gateway, err = gateway.Parse(f.options.Gateway); err != nil || f.gateway.Own() {
		return err
	}
	if f.program, err = f.gateway.Find(f.options.Program); err != nil {
		return err
	}
	if f.version, err = f.gateway.VersionOf(ctx, f.program); err != nil {
		return err
	}
	f.dir, err = f.group.TempDir("nodrop-lab-")
	return err
}

// startProgram starts an installed gateway as leader of a process group,
// because it may have worker processes.
func (f *Fleet) startProgram(r *replica, name string, host netip.Addr) (err error) {
	s := &gateway.Site{Name: name, Dir: filepath.Join(f.dir, name), Backend: f.upstream, Terms: f.options.terms()}
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
