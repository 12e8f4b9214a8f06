package lab

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"runtime"
	"strings"
	"time"

	"nodrop/scenario/lab/dataplane"
	"nodrop/scenario/lab/gateway"
	"nodrop/scenario/proc"
)

// Options describe a fleet to start. Times have no defaults: zero means none.
type Options struct {
	Replicas    int            // how many gateways, at least 1
	Stop        gateway.Mode   // how replicas stop
	PreStop     time.Duration  // Graceful only: how long a replica keeps accepting, from terminating to the signal
	Grace       time.Duration  // Naive and Graceful: time for requests in flight, from the signal
	Propagation time.Duration  // delay until the balancer processes a scale-in
	Dataplane   dataplane.Kind // "" means Dialer
	Drain       time.Duration  // NFT only: how long connections to a removed endpoint may go on; 0 means without limit
	Gateway     string         // the Name of a Gateway; "" means builtin
	Proto       gateway.Proto  // what clients speak; "" means H1
	Program     string         // path of the gateway's program; "" means search for it
	Backend     string         // HOST:PORT of an existing HTTP server; "" means our own
	Executable  string         // the program that calls Main; "" means this one
	Processes   *proc.Group    // holds the fleet's processes; nil means a group of its own, which Stop closes
	Stderr      io.Writer      // gets the children's stderr; nil discards it
}

// DefaultOptions returns the defaults of nodrop lab.
func DefaultOptions() Options {
	return Options{
		Replicas: 10, Stop: gateway.Graceful, PreStop: time.Second, Grace: 30 * time.Second, Propagation: 50 * time.Millisecond,
	}
}

// MaxReplicas limits the processes that a lab starts.
const MaxReplicas = 200

// ParseBackend converts a server's URL to HOST:PORT.
func ParseBackend(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return "", fmt.Errorf("%q: want http://HOST:PORT", text)
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), "80")), nil
}

// check reports errors that are known before Start.
func (o *Options) check() error {
	g, err := gateway.Parse(o.Gateway)
	switch {
	case err != nil:
		return err
	case g.Own() && o.Program != "":
		return errors.New("the builtin gateway is this program: gateway-bin applies to the others only")
	case g.Own():
		return nil
	case runtime.GOOS == "windows":
		return fmt.Errorf("gateway %s does not work on Windows, which has no signals to stop it", g.Name)
	}
	_, err = g.Find(o.Program)
	return err
}

func (o *Options) validate() error {
	switch {
	case o.Replicas < 1:
		return fmt.Errorf("%d replicas: a fleet needs at least 1 replica", o.Replicas)
	case o.Replicas > maxHosts:
		return fmt.Errorf("%d replicas: there are loopback addresses for %d only", o.Replicas, maxHosts)
	case o.PreStop < 0, o.Grace < 0, o.Propagation < 0, o.Drain < 0:
		return errors.New("pre-stop, grace, propagation and drain timeout cannot be negative")
	case o.Drain > 0 && o.Dataplane != dataplane.NFT:
		return dataplane.ErrCannotCut
	}
	if _, err := gateway.ParseMode(string(o.Stop)); err != nil {
		return err
	}
	if _, err := gateway.ParseProto(string(o.Proto)); err != nil {
		return err
	}
	return o.check()
}

func (o *Options) behindOneAddress() bool { return o.Dataplane == dataplane.NFT }

// host returns the fleet's host in URLs.
func (o *Options) host() string {
	if o.behindOneAddress() {
		return dataplane.VirtualHost
	}
	return gateway.Hostname
}

// idleTime is how long a connection to the backend may stay idle. Another
// server than ours may close idle connections early, and a gateway that used
// such a connection would respond 502.
func (o *Options) idleTime() time.Duration {
	if o.Backend == "" {
		return time.Hour
	}
	return time.Second
}

func (o *Options) terms() gateway.Terms {
	return gateway.Terms{Stop: o.Stop, PreStop: o.PreStop, Grace: o.Grace, Idle: o.idleTime()}
}
