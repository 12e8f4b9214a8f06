package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	restartDelay = time.Second
	// A kubelet gives a container this long after SIGTERM even when its
	// pre-stop hook has used up the grace period.
	minimumTermination = 2 * time.Second
	codeCannotStart    = 128
)

// A container is a local process group in the place of a container.
type container struct {
	pod      *pod
	spec     corev1.Container
	log      string
	env      map[string]string
	stopping chan struct{} // closed when it is to end
	done     chan struct{} // closed when it has ended for good

	mu     sync.Mutex // guards what follows
	status corev1.ContainerStatus
	group  int  // the running process group, or 0
	termed bool // SIGTERM is due to whatever runs
}

func newContainer(p *pod, spec corev1.Container, dir string) *container {
	return &container{
		pod:      p,
		spec:     spec,
		log:      filepath.Join(dir, spec.Name+".log"),
		env:      p.environment(spec.Env),
		stopping: make(chan struct{}),
		done:     make(chan struct{}),
		status: corev1.ContainerStatus{
			Name:  spec.Name,
			Image: spec.Image,
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}},
		},
	}
}

func (c *container) run() {
	defer close(c.done)
	for !c.isStopping() {
		code := c.runOnce()
		if !restarts(c.pod.spec.Spec.RestartPolicy, code) {
			return
		}
		select {
		case <-time.After(restartDelay):
		case <-c.stopping:
			return
		}
		c.countRestart()
	}
}

func (c *container) isStopping() bool {
	select {
	case <-c.stopping:
		return true
	default:
		return false
	}
}

func (c *container) runOnce() int32 {
	began := metav1.Now()
	command, err := c.start()
	if err != nil {
		c.terminated(began, codeCannotStart, "StartError", err.Error())
		return codeCannotStart
	}
	c.running(began, command.Process.Pid)
	ctx, cancel := context.WithCancel(context.Background())
	go c.watchReadiness(ctx)
	code, err := exitCode(command.Wait())
	cancel()
	// The other processes of a container end with its first.
	_ = syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
	if err != nil {
		c.terminated(began, codeCannotStart, "Error", err.Error())
		return codeCannotStart
	}
	c.terminated(began, int32(code), reasonOf(code), "")
	return int32(code)
}

func reasonOf(code int) string {
	if code == 0 {
		return "Completed"
	}
	return "Error"
}

func (c *container) start() (*exec.Cmd, error) {
	line := c.commandLine()
	if len(line) == 0 {
		return nil, fmt.Errorf("container %s has no command, and images are not run here", c.spec.Name)
	}
	return c.launch(line)
}

func (c *container) commandLine() []string {
	var line []string
	command := c.spec.Command
	if len(command) == 0 {
		command = entrypointOf(c.spec.Image)
	}
	for _, word := range append(append([]string{}, command...), c.spec.Args...) {
		line = append(line, expand(word, c.env))
	}
	return line
}

// launch starts a program in the container's environment.
func (c *container) launch(line []string) (*exec.Cmd, error) {
	output, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = output.Close() }()
	command := exec.Command(line[0], line[1:]...)
	command.Dir = c.workingDir()
	command.Env = assignments(c.env)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command, command.Start()
}

func (c *container) workingDir() string {
	if c.spec.WorkingDir != "" {
		return c.spec.WorkingDir
	}
	return filepath.Dir(c.log)
}

// stop ends the container as a kubelet does: pre-stop hook, SIGTERM, SIGKILL.
func (c *container) stop() {
	close(c.stopping)
	c.preStop()
	c.signalTerm()
	least := time.After(minimumTermination)
	if doneBefore(c.done, c.pod.overdue) || doneBefore(c.done, least) {
		return
	}
	c.signal(syscall.SIGKILL)
	<-c.done
}

func (c *container) signal(s syscall.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group != 0 {
		_ = syscall.Kill(-c.group, s) // it may have ended this moment
	}
}

func (c *container) isTermed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.termed
}

func (c *container) signalTerm() {
	c.mu.Lock()
	c.termed = true
	c.mu.Unlock()
	c.signal(syscall.SIGTERM)
}

func (c *container) report() corev1.ContainerStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.status.DeepCopy()
}

func (c *container) running(began metav1.Time, group int) {
	c.update(func() {
		c.group = group
		c.status.ContainerID = fmt.Sprintf("process://%d", group)
		c.status.Started = new(true)
		c.status.Ready = c.spec.ReadinessProbe == nil
		c.status.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: began}}
	})
	if c.isTermed() {
		c.signal(syscall.SIGTERM)
	}
}

func (c *container) terminated(began metav1.Time, code int32, reason, message string) {
	c.update(func() {
		c.group = 0
		c.status.Started = new(false)
		c.status.Ready = false
		c.status.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
			ExitCode:    code,
			Reason:      reason,
			Message:     message,
			StartedAt:   began,
			FinishedAt:  metav1.Now(),
			ContainerID: c.status.ContainerID,
		}}
	})
}

func (c *container) countRestart() {
	c.update(func() {
		c.status.RestartCount++
		c.status.LastTerminationState = c.status.State
	})
}

func (c *container) setReady(ready bool) {
	c.update(func() { c.status.Ready = ready && c.group != 0 })
}

func (c *container) update(change func()) {
	c.mu.Lock()
	change()
	c.mu.Unlock()
	c.pod.touch()
}
