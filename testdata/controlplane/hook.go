package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// drainAnnotation on a pod delays its SIGTERM by so many seconds, as a
// load balancer does that drains connections before a pod is stopped: unlike a
// pre-stop hook, it can be set while the pod runs.
const drainAnnotation = "nodrop.test/drain-seconds"

// preStop runs what is to be done before SIGTERM, until the container has
// ended or the grace period is over.
func (c *container) preStop() {
	c.linger(c.pod.drain())
	if c.spec.Lifecycle == nil || c.spec.Lifecycle.PreStop == nil {
		return
	}
	hook := c.spec.Lifecycle.PreStop
	switch {
	case hook.Sleep != nil:
		c.linger(time.Duration(hook.Sleep.Seconds) * time.Second)
	case hook.Exec != nil:
		c.logged(c.runHook(hook.Exec.Command))
	case hook.HTTPGet != nil:
		c.logged(c.getHook(hook.HTTPGet))
	}
}

func (p *pod) drain() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	seconds, err := strconv.Atoi(p.seen.Annotations[drainAnnotation])
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// linger waits for no longer than the container and its grace period last.
func (c *container) linger(d time.Duration) {
	if d <= 0 {
		return
	}
	select {
	case <-time.After(d):
	case <-c.done:
	case <-c.pod.overdue:
	}
}

// doneBefore reports whether the container ends before the limit does.
func doneBefore[T any](done <-chan struct{}, limit <-chan T) bool {
	select {
	case <-done:
		return true
	case <-limit:
		return false
	}
}

func (c *container) runHook(command []string) error {
	hook, err := c.launch(command)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- hook.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-c.pod.overdue:
		_ = syscall.Kill(-hook.Process.Pid, syscall.SIGKILL)
		return <-ended
	}
}

func (c *container) getHook(action *corev1.HTTPGetAction) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-c.pod.overdue:
			cancel()
		case <-ctx.Done():
		}
	}()
	response, err := c.get(ctx, http.DefaultClient, action)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// logged writes a hook's failure to the container's log: like a kubelet's, it
// does not keep the container from being stopped.
func (c *container) logged(err error) {
	if err == nil {
		return
	}
	log, openErr := os.OpenFile(c.log, os.O_APPEND|os.O_WRONLY, 0o600)
	if openErr != nil {
		return
	}
	defer func() { _ = log.Close() }()
	fmt.Fprintln(log, "pre-stop hook:", err)
}
