package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// meshNamespace is where the mesh's own gateways usually are.
const meshNamespace = "istio-system"

// runPlane brings everything up and runs the command. It ends nothing: all its
// children end with the process namespace.
func runPlane(args []string) (int, error) {
	o, err := parseOptions(args)
	if err != nil {
		return 0, err
	}
	p := &plane{options: o, dir: os.Getenv(dirVariable)}
	if err := p.raise(context.Background()); err != nil {
		return 0, err
	}
	return p.runCommand()
}

type plane struct {
	options options
	dir     string
	api     *apiserver
	admin   string // kubeconfig
	limited string // kubeconfig
}

func (p *plane) raise(ctx context.Context) error {
	if err := setUpNetwork(); err != nil {
		return err
	}
	if err := p.raiseAPI(ctx); err != nil {
		return err
	}
	c, err := newClients(p.admin)
	if err != nil {
		return err
	}
	if err := furnish(ctx, c); err != nil {
		return err
	}
	if err := p.raiseControllers(ctx); err != nil {
		return err
	}
	go newNodes(c.typed, p.dir).run(ctx, c)
	go newScheduler(c.typed).run(ctx, c)
	return p.raiseMesh(ctx, c)
}

func (p *plane) binaries() string { return filepath.Join(p.options.binaries, "current") }

func (p *plane) raiseAPI(ctx context.Context) error {
	if _, err := startEtcd(ctx, p.dir); err != nil {
		return err
	}
	api, err := newAPIServer(p.dir, p.binaries())
	if err != nil {
		return err
	}
	if err := api.start(); err != nil {
		return err
	}
	if err := api.running().waitUp(ctx, api.ready); err != nil {
		return err
	}
	p.api = api
	if p.admin, err = api.kubeconfig("admin"); err != nil {
		return err
	}
	p.limited, err = api.kubeconfig("limited")
	return err
}

// furnish makes what the controllers and the command expect to be there.
func furnish(ctx context.Context, c clients) error {
	if err := define(ctx, c.dynamic); err != nil {
		return err
	}
	for _, m := range machines() {
		if err := m.register(ctx, c.typed); err != nil {
			return err
		}
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: meshNamespace}}
	if _, err := c.typed.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	return waitDefaultNamespace(ctx, c.typed)
}

// waitDefaultNamespace waits for what the API server makes after it is ready.
func waitDefaultNamespace(ctx context.Context, client kubernetes.Interface) error {
	ctx, cancel := context.WithTimeout(ctx, bringUpTimeout)
	defer cancel()
	for ; ctx.Err() == nil; sleep(ctx, bringUpPoll) {
		if _, err := client.CoreV1().Namespaces().Get(ctx, corev1.NamespaceDefault, metav1.GetOptions{}); err == nil {
			return nil
		}
	}
	return fmt.Errorf("the default namespace is missing: %w", ctx.Err())
}

func (p *plane) raiseControllers(ctx context.Context) error {
	if _, err := startManager(p.dir, p.binaries(), p.admin); err != nil {
		return err
	}
	if !p.options.proxy {
		return nil
	}
	if err := startLag(); err != nil {
		return err
	}
	late, err := lateKubeconfig(p.admin)
	if err != nil {
		return err
	}
	if _, err := startProxy(ctx, p.dir, p.binaries(), late); err != nil {
		return err
	}
	return tuneNetwork()
}

func (p *plane) raiseMesh(ctx context.Context, c clients) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := p.options.gatewayCommand
	if len(command) == 0 {
		command = []string{self, "gateway", "--listen", "$(POD_IP):8080", "--routes", "$(ROUTES)"}
	}
	routes := filepath.Join(p.dir, "routes")
	if err := os.Mkdir(routes, 0o755); err != nil {
		return err
	}
	m := newMesh(c, command, routes)
	go m.run(ctx)
	return nil
}

func (p *plane) runCommand() (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	command := exec.Command(p.options.command[0], p.options.command[1:]...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	command.Env = append(os.Environ(),
		"KUBECONFIG="+p.admin,
		"CONTROLPLANE_LIMITED="+p.limited,
		"CONTROLPLANE_TOKENS="+p.api.path("tokens.csv"),
		"CONTROLPLANE_PID="+strconv.Itoa(os.Getpid()),
		"CONTROLPLANE_PROGRAM="+self,
	)
	signals := catchSignals()
	if err := command.Start(); err != nil {
		return 0, err
	}
	go p.obey(signals, command.Process)
	return exitCode(command.Wait())
}

func (p *plane) obey(signals <-chan os.Signal, command *os.Process) {
	for s := range signals {
		switch s {
		case syscall.SIGUSR1:
			p.api.stop()
		case syscall.SIGUSR2:
			if err := p.api.start(); err != nil {
				fmt.Fprintln(os.Stderr, "controlplane: starting the API server again:", err)
			}
		default:
			_ = command.Signal(s) // it may have ended this moment
		}
	}
}
