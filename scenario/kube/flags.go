package kube

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// FlagValues holds the flags of the quick form: one change to a workload during
// a plain load.
type FlagValues struct {
	set    *pflag.FlagSet
	access api.Access

	scale, restart string
	keep           bool
}

// Flags defines the flags on fs.
func Flags(fs *pflag.FlagSet) *FlagValues {
	v := &FlagValues{set: fs}
	fs.StringVar(&v.scale, "scale", "", "scale a workload during the load, then restore it, as in deployment/gateway=1; lost requests fail the run")
	fs.StringVar(&v.restart, "restart", "", "restart its pods during the load, as kubectl rollout restart does; lost requests fail the run")
	fs.BoolVar(&v.keep, "keep", false, "with --scale: do not restore the number of replicas")
	fs.StringVarP(&v.access.Namespace, "namespace", "N", "", "its namespace, instead of the context's")
	fs.StringVar(&v.access.Context, "context", "", "context of the kubeconfig, instead of the current one")
	fs.StringVar(&v.access.Kubeconfig, "kubeconfig", "", "path of the kubeconfig, instead of the one that kubectl uses")
	return v
}

// Step returns the requested step; nil if there is none.
func (v *FlagValues) Step() (*scenario.Step, error) {
	scales, restarts := v.set.Changed("scale"), v.set.Changed("restart")
	switch {
	case scales && restarts:
		return nil, errors.New("--scale and --restart: give only one of them")
	case !scales && !restarts:
		for _, name := range []string{"keep", "namespace", "context", "kubeconfig"} {
			if v.set.Changed(name) {
				return nil, &misuse.Error{Problem: "--" + name + ": no change in a cluster was requested", Hint: "add --scale deployment/NAME=1 or --restart deployment/NAME"}
			}
		}
		return nil, nil
	case v.keep && restarts:
		return nil, errors.New("--keep: not with --restart: a restart is never undone")
	case restarts:
		ref, err := api.ParseRef(v.restart)
		if err != nil {
			return nil, fmt.Errorf("--restart %w", err)
		}
		return &scenario.Step{Name: "restart " + ref.String(), Action: &Restart{Access: &v.access, Object: ref}}, nil
	}
	object, count, _ := strings.Cut(v.scale, "=")
	replicas, err := strconv.Atoi(count)
	if err != nil || replicas < 0 {
		return nil, &misuse.Error{Problem: fmt.Sprintf("--scale %q: want KIND/NAME=REPLICAS", v.scale), Hint: "--scale deployment/gateway=1"}
	}
	ref, err := api.ParseRef(object)
	if err != nil {
		return nil, fmt.Errorf("--scale %w", err)
	}
	return &scenario.Step{
		Name:   fmt.Sprintf("scale %s to %d", ref, replicas),
		Action: &Scale{Access: &v.access, Object: ref, Replicas: replicas, Keep: v.keep},
	}, nil
}
