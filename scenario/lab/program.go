package lab

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"

	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
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
	if f.dir, err = os.MkdirTemp("", "nodrop-lab-"); err != nil {
		return err
	}
	proc.GuardDir(f.guardian.stdin, f.dir)
	return nil
}

// startProgram starts an installed gateway as leader of a process group,
// because it may have worker processes.
func (f *Fleet) startProgram(r *replica, name string, host netip.Addr) (err error) {
	s := &gateway.Site{Name: name, Dir: filepath.Join(f.dir, name), Backend: f.upstream, Terms: f.options.terms()}
	if s.Listen, s.Admin, err = freePorts(host); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	// The workers of a gateway may run as another user.
	if err := os.MkdirAll(s.Dir, 0o755); err != nil { //nolint:gosec // nothing in it is secret
		return err
	}
	r.site = s
	how := f.gateway.SetUp(s)
	for name, text := range how.Files {
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	cmd := exec.Command(f.program, how.Args...) //nolint:noctx,gosec // its end is the fleet's part; the program is the user's choice
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), how.Env...)
	tag := proc.NewTag()
	proc.GuardTag(f.guardian.stdin, tag)
	tag.Put(cmd)
	if r.process, err = startProcess(name, cmd, alone, &f.log); err != nil {
		return err
	}
	proc.Guard(f.guardian.stdin, cmd)
	go func() {
		<-r.exited
		proc.Unguard(f.guardian.stdin, cmd)
	}()
	return nil
}
