package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"nodrop/loadgen/misuse"
	"nodrop/loadgen/pattern"
)

// Gateway describes what replicas run: this program or an installed one.
type Gateway struct {
	Name    string
	program string   // searched for on the PATH; "" means this program
	obtain  string   // how to install it
	version []string // arguments that make it print its version

	// SetUp returns how to start the program for one replica, and its files.
	SetUp func(s *Site) Setup
	// Stops has an entry for each stop mode.
	Stops map[Mode]Stopping
}

// Site is the environment of one replica.
type Site struct {
	Name        string
	Version     string         // of the program
	Dir         string         // only for this replica
	Listen      netip.AddrPort // for clients
	Admin       netip.AddrPort // for us, if the gateway has an administration interface
	Backend     string         // HOST:PORT
	Proto       Proto          // for clients
	Certificate string         // for TLS, in PEM: the certificate, then its key; in the file CertificateFile
	Terms       Terms
}

// CertificateFile is the file in a site's directory that has its certificate.
// Programs run in that directory, so configurations need no path.
const CertificateFile = "gateway.pem"

// Terms are the settings for replicas. Times have no defaults: zero means none.
type Terms struct {
	Stop    Mode
	PreStop time.Duration // Graceful only: how long it keeps accepting, from terminating to the signal
	Grace   time.Duration // Naive and Graceful: time for requests in flight, from the signal
	Idle    time.Duration // how long a connection to the backend may stay idle
}

// Setup says how to start a program.
type Setup struct {
	Args  []string
	Env   []string          // NAME=value
	Files map[string]string // name in the site's directory → content
}

// Stopping says how one gateway stops in one stop mode.
type Stopping struct {
	text string // for messages, such as QUIT; DELAY stands for the pre-stop delay
	// Drain: the builtin gateway gets a drain request as soon as it is terminating.
	Drain bool
	// Begin is called for an installed gateway at that time; may be nil.
	Begin func(ctx context.Context, s *Site) error
	// Hook: the signal is sent after the pre-stop delay, as with a pre-stop hook.
	Hook bool
	// Idle waits before the signal, at most until the grace period ends; may be nil.
	Idle   func(ctx context.Context, s *Site, until time.Time) error
	Signal string // without SIG
}

// Describe says what happens in the stop mode with this pre-stop delay.
func (s Stopping) Describe(preStop time.Duration) string {
	return strings.ReplaceAll(s.text, "DELAY", preStop.String())
}

// All returns all gateways. To add one: a row here, a file with its
// configuration, and a line in testdata/setup.sh.
func All() []*Gateway { return []*Gateway{Builtin(), envoy(), nginx(), haproxy(), caddy()} }

// Names returns the names of all gateways.
func Names() []string {
	var names []string
	for _, g := range All() {
		names = append(names, g.Name)
	}
	return names
}

// Parse returns the gateway with this name; "" means builtin.
func Parse(name string) (*Gateway, error) {
	name = cmp.Or(name, Builtin().Name)
	list := All()
	if i := slices.IndexFunc(list, func(g *Gateway) bool { return g.Name == name }); i >= 0 {
		return list[i], nil
	}
	return nil, fmt.Errorf("unknown gateway %q: want one of %s", name, strings.Join(Names(), ", "))
}

// Own reports that the gateway is this program.
func (g *Gateway) Own() bool { return g.program == "" }

// Find returns the path of the program: the given one, or the one on the PATH.
func (g *Gateway) Find(given string) (string, error) {
	path, err := exec.LookPath(cmp.Or(given, g.program))
	switch {
	case err != nil && given != "":
		return "", fmt.Errorf("gateway %s: cannot run %s: %w", g.Name, given, errors.Unwrap(err))
	case err != nil:
		return "", &misuse.Error{Problem: fmt.Sprintf("gateway %s: program %s not found", g.Name, g.program), Hint: g.obtain + ", or --gateway-bin PATH"}
	}
	return filepath.Abs(path) // it is started in another directory
}

// versionTime limits how long a program may take to print its version.
const versionTime = 30 * time.Second

var versionPattern = pattern.Lazy(`\d+\.\d+(\.\d+)*`)

// VersionOf runs the program to get its version. A program that prints none is
// not the expected one.
func (g *Gateway) VersionOf(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, g.version...).CombinedOutput()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	found := versionPattern().Find(out)
	if err != nil || found == nil {
		return "", fmt.Errorf("gateway %s: %s %s does not print a version: %w", g.Name, path, strings.Join(g.version, " "), cmp.Or(err, errors.New("no version number in its output")))
	}
	return string(found), nil
}

// Command writes the files of one replica and returns the command that starts
// it.
func (g *Gateway) Command(program string, s *Site) (*exec.Cmd, error) {
	// The workers of a gateway may run as another user.
	if err := os.MkdirAll(s.Dir, 0o755); err != nil { //nolint:gosec // nothing in it is secret
		return nil, err
	}
	how := g.SetUp(s)
	if s.Proto.TLS() {
		how.Files[CertificateFile] = s.Certificate
	}
	for name, text := range how.Files {
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	cmd := exec.Command(program, how.Args...) //nolint:noctx,gosec // its end is the caller's part; the program is the user's choice
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), how.Env...)
	return cmd, nil
}

// inMilliseconds formats a time as most configurations want it, at least 1ms.
func inMilliseconds(d time.Duration) string {
	return fmt.Sprintf("%dms", max(1, d.Milliseconds()))
}

// Hostname is the fleet's name in URLs and in its certificate.
const Hostname = "gateway"

// ReplicaHeader names the replica in every response.
const ReplicaHeader = "X-Nodrop-Replica"

// fill replaces each @NAME@ in a configuration by a value of the site; values
// in more take precedence.
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
	return replace(config, values)
}

func replace(config string, values map[string]string) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "@"+name+"@", value)
	}
	return strings.NewReplacer(pairs...).Replace(config)
}
