package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// A pod runs its containers, and reports on them until it is deleted. One
// goroutine, run, speaks to the API; it tries again for as long as that is out.
type pod struct {
	client     kubernetes.Interface
	host       string // address of its node
	address    string
	spec       *corev1.Pod // as it was when it was started
	started    metav1.Time
	containers []*container
	changed    chan struct{} // holds one: there is something to report
	stopped    chan struct{} // closed when it was told to end, and has
	overdue    chan struct{} // closed when the grace period is over

	mu         sync.Mutex // guards what follows
	seen       *corev1.Pod
	conditions []corev1.PodCondition
	deadline   time.Time // of the grace period; zero while not terminating
	grace      *time.Timer
}

func newPod(client kubernetes.Interface, dir, host, address string, spec *corev1.Pod) (*pod, error) {
	p := &pod{
		client:  client,
		host:    host,
		address: address,
		spec:    spec,
		seen:    spec,
		started: metav1.Now(),
		changed: make(chan struct{}, 1),
		stopped: make(chan struct{}),
		overdue: make(chan struct{}),
	}
	dir = filepath.Join(dir, "pods", spec.Namespace+"_"+spec.Name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	for _, c := range spec.Spec.Containers {
		p.containers = append(p.containers, newContainer(p, c, dir))
	}
	return p, nil
}

func (p *pod) run() {
	for _, c := range p.containers {
		go c.run()
	}
	p.touch()
	for {
		select {
		case <-p.changed:
			p.report()
		case <-p.stopped:
			p.report()
			p.remove()
			return
		}
	}
}

// touch asks for a report.
func (p *pod) touch() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// see takes the pod as the API has it now.
func (p *pod) see(seen *corev1.Pod) {
	p.mu.Lock()
	p.seen = seen
	p.mu.Unlock()
	if seen.DeletionTimestamp == nil {
		p.readGates()
		return
	}
	p.terminate(time.Duration(*seen.DeletionGracePeriodSeconds) * time.Second)
}

// readGates reports again when others' conditions may have made the pod ready.
func (p *pod) readGates() {
	if len(p.spec.Spec.ReadinessGates) > 0 {
		p.touch()
	}
}

// terminate ends the pod within a grace period. Told again, it can only be
// made to end earlier.
func (p *pod) terminate(grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	deadline := time.Now().Add(grace)
	if p.deadline.IsZero() {
		p.deadline = deadline
		p.grace = time.AfterFunc(grace, func() { close(p.overdue) })
		go p.stop()
		return
	}
	if deadline.After(p.deadline) || !p.grace.Stop() {
		return
	}
	p.deadline = deadline
	p.grace.Reset(grace)
}

func (p *pod) stop() {
	var all sync.WaitGroup
	for _, c := range p.containers {
		all.Go(c.stop)
	}
	all.Wait()
	close(p.stopped)
}

func (p *pod) report() {
	p.insist(func(ctx context.Context) error {
		patch, err := json.Marshal(map[string]any{
			"metadata": map[string]any{"uid": p.spec.UID},
			"status":   p.status(),
		})
		if err != nil {
			return err
		}
		_, err = p.client.CoreV1().Pods(p.spec.Namespace).Patch(ctx, p.spec.Name,
			types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
		return err
	})
}

func (p *pod) remove() {
	p.insist(func(ctx context.Context) error {
		return p.client.CoreV1().Pods(p.spec.Namespace).Delete(ctx, p.spec.Name, metav1.DeleteOptions{
			GracePeriodSeconds: new(int64),
			Preconditions:      metav1.NewUIDPreconditions(string(p.spec.UID)),
		})
	})
}

// insist tries until the API takes the request, or has no such pod.
func (p *pod) insist(request func(context.Context) error) {
	for {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		err := request(ctx)
		cancel()
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			return
		}
		if apierrors.IsInvalid(err) || apierrors.IsBadRequest(err) {
			fmt.Fprintf(os.Stderr, "controlplane: pod %s/%s: %v\n", p.spec.Namespace, p.spec.Name, err)
			return
		}
		time.Sleep(retryDelay)
	}
}
