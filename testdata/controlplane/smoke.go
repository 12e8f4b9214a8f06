package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
)

const smokeTimeout = 60 * time.Second

// smoke runs as the command of a control plane with kube-proxy, and fails
// unless pods, Services and scaling work.
func smoke() error {
	c, err := newClients(os.Getenv("KUBECONFIG"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), smokeTimeout)
	defer cancel()
	s := &smokeTest{client: c.typed, began: time.Now()}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"creating a Deployment and a Service", s.create},
		{"waiting for 3 ready pods", s.threeReady},
		{"requesting the Service", s.request},
		{"scaling to 1", s.scale},
		{"waiting for 2 pods to go", s.oneLeft},
		{"requesting the Service again", s.request},
	} {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		fmt.Printf("%6.2fs  %s\n", time.Since(s.began).Seconds(), step.name)
	}
	fmt.Println("OK")
	return nil
}

type smokeTest struct {
	client  kubernetes.Interface
	began   time.Time
	address string
}

func (s *smokeTest) create(ctx context.Context) error {
	labels := map[string]string{"app": "hello"}
	meta := metav1.ObjectMeta{Name: "hello", Labels: labels}
	deployment := &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{
		Replicas: new(int32(3)),
		Selector: &metav1.LabelSelector{MatchLabels: labels},
		Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: helloPod()},
	}}
	if _, err := s.client.AppsV1().Deployments("default").Create(ctx, deployment, metav1.CreateOptions{}); err != nil {
		return err
	}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{
		Selector: labels,
		Ports:    []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromInt32(8080)}},
	}}
	service, err := s.client.CoreV1().Services("default").Create(ctx, service, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	s.address = service.Spec.ClusterIP
	return nil
}

func helloPod() corev1.PodSpec {
	return corev1.PodSpec{
		Containers: []corev1.Container{{
			Name:    "hello",
			Image:   "hello",
			Command: []string{os.Getenv("CONTROLPLANE_PROGRAM"), "serve"},
			Args:    []string{"--listen", "$(POD_IP):8080"},
			ReadinessProbe: &corev1.Probe{
				PeriodSeconds: 1,
				ProbeHandler: corev1.ProbeHandler{
					HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(8080)},
				},
			},
		}},
	}
}

func (s *smokeTest) threeReady(ctx context.Context) error { return s.waitPods(ctx, 3) }
func (s *smokeTest) oneLeft(ctx context.Context) error    { return s.waitPods(ctx, 1) }

func (s *smokeTest) waitPods(ctx context.Context, want int) error {
	for ; ctx.Err() == nil; sleep(ctx, bringUpPoll) {
		deployment, err := s.client.AppsV1().Deployments("default").Get(ctx, "hello", metav1.GetOptions{})
		if err != nil {
			return err
		}
		pods, err := s.client.CoreV1().Pods("default").List(ctx, metav1.ListOptions{LabelSelector: "app=hello"})
		if err != nil {
			return err
		}
		if int(deployment.Status.ReadyReplicas) == want && len(pods.Items) == want {
			return nil
		}
	}
	return ctx.Err()
}

func (s *smokeTest) scale(ctx context.Context) error {
	deployments := s.client.AppsV1().Deployments("default")
	scale, err := deployments.GetScale(ctx, "hello", metav1.GetOptions{})
	if err != nil {
		return err
	}
	scale.Spec.Replicas = 1
	_, err = deployments.UpdateScale(ctx, "hello", scale, metav1.UpdateOptions{})
	return err
}

// request tries for a while: kube-proxy follows the endpoints with a delay.
func (s *smokeTest) request(ctx context.Context) error {
	var last error
	for ; ctx.Err() == nil; sleep(ctx, bringUpPoll) {
		if last = s.requestOnce(ctx); last == nil {
			return nil
		}
	}
	return errors.Join(last, ctx.Err())
}

func (s *smokeTest) requestOnce(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/", nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(body), "hello-") {
		return fmt.Errorf("%s: %q", response.Status, body)
	}
	return nil
}
