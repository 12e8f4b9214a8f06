package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/misuse"
)

// Gateway is what replicas run: this program, or one that is installed.
type Gateway struct {
	Name    string
	program string   // looked for on the PATH; "" is this program itself
	obtain  string   // how one comes by it
	version []string // arguments that make it print its version

	// SetUp says how the program is started for one replica, and what files it
	// reads.
	SetUp func(s *Site) Setup
	// Stops has all three ways.
	Stops map[Mode]Stopping
}

// Site is one replica's place.
type Site struct {
	Name    string
	Dir     string         // of its own
	Listen  netip.AddrPort // for clients
	Admin   netip.AddrPort // for us, where a gateway has an administration interface
	Backend string         // HOST:PORT
	Terms   Terms
}

// Terms are what replicas are held to. Every time is taken as it is: zero is none.
type Terms struct {
	Stop    Mode
	PreStop time.Duration // Graceful only: how long it goes on accepting, from terminating to the signal
	Grace   time.Duration // Naive and Graceful: time for what is in flight, from the signal
	Idle    time.Duration // how long a connection to the backend may be kept without a request
}

// Setup is how a program is started.
type Setup struct {
	Args  []string
	Env   []string          // NAME=value
	Files map[string]string // name in the site's directory → what is in it
}

// Stopping is how one way to stop is done with one gateway.
type Stopping struct {
	text string // for people: QUIT; DELAY stands for the pre-stop delay
	// Drain: this program as a gateway is asked to drain as soon as it is terminating.
	Drain bool
	// Begin is what another one is told then; nil for nothing.
	Begin func(ctx context.Context, s *Site) error
	// Hook: the signal waits for the pre-stop delay, as for a pre-stop hook.
	Hook bool
	// Idle is waited for before the signal, at most until the grace is over; nil
	// for nothing.
	Idle   func(ctx context.Context, s *Site, until time.Time) error
	Signal string // without SIG
}

// Told is how the way is done with this pre-stop delay.
func (s Stopping) Told(preStop time.Duration) string {
	return strings.ReplaceAll(s.text, "DELAY", preStop.String())
}

// All lists the kinds. Adding one: a row here, a file and its
// configuration, a line in testdata/setup.sh.
func All() []*Gateway { return []*Gateway{Builtin(), envoy(), nginx(), haproxy(), caddy()} }

// Names are those of all.
func Names() []string {
	var names []string
	for _, g := range All() {
		names = append(names, g.Name)
	}
	return names
}

// Parse finds a kind by its name; "" is builtin.
func Parse(name string) (*Gateway, error) {
	name = cmp.Or(name, Builtin().Name)
	list := All()
	if i := slices.IndexFunc(list, func(g *Gateway) bool { return g.Name == name }); i >= 0 {
		return list[i], nil
	}
	return nil, fmt.Errorf("unknown gateway %q, known are %s", name, strings.Join(Names(), ", "))
}

// Own reports that the gateway is this program.
func (g *Gateway) Own() bool { return g.program == "" }

// Find is the path of the program, given or looked for.
func (g *Gateway) Find(given string) (string, error) {
	path, err := exec.LookPath(cmp.Or(given, g.program))
	switch {
	case err != nil && given != "":
		return "", fmt.Errorf("gateway %s: %s is no program: %w", g.Name, given, errors.Unwrap(err))
	case err != nil:
		return "", &misuse.Error{Problem: fmt.Sprintf("gateway %s: there is no program %s", g.Name, g.program), Hint: g.obtain + ", or --gateway-bin PATH"}
	}
	return filepath.Abs(path) // it is started in another directory
}

// versionTime bounds how long a program may take to say its version.
const versionTime = 10 * time.Second

var versionPattern = regexp.MustCompile(`\d+\.\d+(\.\d+)*`)

// VersionOf asks the program; a program that does not say one is not what it is
// taken for.
func (g *Gateway) VersionOf(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, g.version...).CombinedOutput()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	found := versionPattern.Find(out)
	if err != nil || found == nil {
		return "", fmt.Errorf("gateway %s: %s %s does not print a version: %w", g.Name, path, strings.Join(g.version, " "), cmp.Or(err, errors.New("there is none in its output")))
	}
	return string(found), nil
}

// inMilliseconds is a time as most configurations take it, at least one.
func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%dms", max(1, d.Milliseconds()))
}

// ReplicaHeader names, in every response, the replica that gave it.
const ReplicaHeader = "X-Nodrop-Replica"

// fill puts into a configuration what there is to say of a site, and more that wins
// over it, each in the place of its @NAME@.
func (s *Site) fill(config string, more map[string]string) string {
	values := map[string]string{
		"NAME":    s.Name,
		"HEADER":  ReplicaHeader,
		"LISTEN":  s.Listen.String(),
		"HOST":    s.Listen.Addr().String(),
		"PORT":    strconv.Itoa(int(s.Listen.Port())),
		"BACKEND": s.Backend,
		"GRACE":   inMilliseconds(s.Terms.Grace),
		"IDLE":    inMilliseconds(s.Terms.Idle),
	}
	maps.Copy(values, more)
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "@"+name+"@", value)
	}
	return strings.NewReplacer(pairs...).Replace(config)
}
