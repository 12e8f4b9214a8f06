package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// watchReadiness probes until ctx ends, also while the pod is terminating, and
// first at once, as a kubelet does.
func (c *container) watchReadiness(ctx context.Context) {
	probe := c.spec.ReadinessProbe
	if probe == nil {
		return
	}
	sleep(ctx, seconds(probe.InitialDelaySeconds))
	for successes, failures := int32(0), int32(0); ctx.Err() == nil; sleep(ctx, seconds(probe.PeriodSeconds)) {
		if c.probe(ctx, probe) == nil {
			successes, failures = successes+1, 0
		} else {
			successes, failures = 0, failures+1
		}
		if ctx.Err() != nil {
			return
		}
		if successes == probe.SuccessThreshold {
			c.setReady(true)
		}
		if failures == probe.FailureThreshold {
			c.setReady(false)
		}
	}
}

func seconds(n int32) time.Duration { return time.Duration(n) * time.Second }

func (c *container) probe(ctx context.Context, probe *corev1.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, seconds(probe.TimeoutSeconds))
	defer cancel()
	switch {
	case probe.HTTPGet != nil:
		return c.probeHTTP(ctx, probe.HTTPGet)
	case probe.TCPSocket != nil:
		return c.probeTCP(ctx, probe.TCPSocket)
	case probe.Exec != nil:
		return c.probeExec(ctx, probe.Exec.Command)
	}
	return errors.New("this kind of probe is not supported")
}

func (c *container) probeHTTP(ctx context.Context, action *corev1.HTTPGetAction) error {
	response, err := c.get(ctx, probeClient(), action)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < 200 || response.StatusCode >= 400 {
		return errors.New(response.Status)
	}
	return nil
}

func probeClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			// A probe does not know the pod's name to verify.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c *container) get(ctx context.Context, client *http.Client, action *corev1.HTTPGetAction) (*http.Response, error) {
	endpoint, err := c.endpoint(action.Host, action.Port)
	if err != nil {
		return nil, err
	}
	scheme := strings.ToLower(string(action.Scheme))
	url := scheme + "://" + endpoint + "/" + strings.TrimPrefix(action.Path, "/")
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", "kube-probe")
	for _, header := range action.HTTPHeaders {
		request.Header.Set(header.Name, header.Value)
	}
	if host := request.Header.Get("Host"); host != "" {
		request.Host = host
	}
	return client.Do(request)
}

func (c *container) probeTCP(ctx context.Context, action *corev1.TCPSocketAction) error {
	endpoint, err := c.endpoint(action.Host, action.Port)
	if err != nil {
		return err
	}
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", endpoint)
	if err != nil {
		return err
	}
	return connection.Close()
}

func (c *container) probeExec(ctx context.Context, command []string) error {
	probe, err := c.launch(command)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = syscall.Kill(-probe.Process.Pid, syscall.SIGKILL) })
	defer stop()
	return probe.Wait()
}

func (c *container) endpoint(host string, port intstr.IntOrString) (string, error) {
	if host == "" {
		host = c.pod.address
	}
	number, err := c.portNumber(port)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(host, strconv.Itoa(number)), nil
}

func (c *container) portNumber(port intstr.IntOrString) (int, error) {
	if port.Type == intstr.Int {
		return port.IntValue(), nil
	}
	for _, p := range c.spec.Ports {
		if p.Name == port.StrVal {
			return int(p.ContainerPort), nil
		}
	}
	return strconv.Atoi(port.StrVal)
}
