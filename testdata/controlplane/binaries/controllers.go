package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/disruption"
	"k8s.io/kubernetes/pkg/controller/endpointslice"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	"k8s.io/kubernetes/pkg/controller/statefulset"
)

const (
	// The usual 20 and 30 a second would pace a roll of many pods.
	queriesPerSecond = 200
	queriesAtOnce    = 400

	resync  = 12 * time.Hour
	refresh = 30 * time.Second // of what the server's resources are
	workers = 5

	slicesOf            = 100 // endpoints
	namespaceResync     = 5 * time.Minute
	shortestDaemonPause = time.Second
	longestDaemonPause  = 15 * time.Minute
)

// controllers are Kubernetes' own, as kube-controller-manager runs them, but
// only those that objects of tests have need of: the rest of its thirty would
// take as long to compile again.
type controllers struct {
	config    *rest.Config
	client    kubernetes.Interface
	metadata  metadata.Interface
	discovery discovery.DiscoveryInterface
	mapper    *restmapper.DeferredDiscoveryRESTMapper // reset from time to time
	informers informers.SharedInformerFactory
	all       informerfactory.InformerFactory // with those of metadata
	started   chan struct{}                   // closed when informers were started
}

// runControllers goes on until the process is killed.
func runControllers(args []string) error {
	flags := flag.NewFlagSet("controllers", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "`file` that says where the API server is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *kubeconfig == "" {
		return errors.New("--kubeconfig FILE is all that there is to say")
	}
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	config.QPS, config.Burst = queriesPerSecond, queriesAtOnce
	c, err := newControllers(config)
	if err != nil {
		return err
	}
	return c.run(context.Background())
}

func newControllers(config *rest.Config) (*controllers, error) {
	binary := rest.CopyConfig(config)
	binary.ContentType = runtime.ContentTypeProtobuf
	client, err := kubernetes.NewForConfig(binary)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	resources, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	c := &controllers{
		config: config, client: client, metadata: meta, discovery: resources,
		mapper:    restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(resources)),
		informers: informers.NewSharedInformerFactory(client, resync),
		started:   make(chan struct{}),
	}
	c.all = informerfactory.NewInformerFactory(c.informers, metadatainformer.NewSharedInformerFactory(meta, resync))
	return c, nil
}

// run starts the informers when every controller has asked for its own.
func (c *controllers) run(ctx context.Context) error {
	var loops []func(context.Context)
	for _, start := range []func(context.Context) (func(context.Context), error){
		c.daemonSets, c.deployments, c.disruptions, c.endpointSlices, c.garbage, c.jobs, c.namespaces, c.replicaSets, c.statefulSets,
	} {
		loop, err := start(ctx)
		if err != nil {
			return err
		}
		loops = append(loops, loop)
	}
	c.informers.Start(ctx.Done())
	c.all.Start(ctx.Done())
	close(c.started)
	for _, loop := range loops {
		go loop(ctx)
	}
	<-ctx.Done()
	return ctx.Err()
}

func (c *controllers) daemonSets(ctx context.Context) (func(context.Context), error) {
	apps, core := c.informers.Apps().V1(), c.informers.Core().V1()
	d, err := daemon.NewDaemonSetsController(ctx, apps.DaemonSets(), apps.ControllerRevisions(), core.Pods(), core.Nodes(), c.client,
		flowcontrol.NewBackOff(shortestDaemonPause, longestDaemonPause))
	if err != nil {
		return nil, fmt.Errorf("daemon sets: %w", err)
	}
	return func(ctx context.Context) { d.Run(ctx, workers) }, nil
}

func (c *controllers) deployments(ctx context.Context) (func(context.Context), error) {
	apps := c.informers.Apps().V1()
	d, err := deployment.NewDeploymentController(ctx, apps.Deployments(), apps.ReplicaSets(), c.informers.Core().V1().Pods(), c.client)
	if err != nil {
		return nil, fmt.Errorf("deployments: %w", err)
	}
	return func(ctx context.Context) { d.Run(ctx, workers) }, nil
}

// disruptions counts how many pods each PodDisruptionBudget lets go.
func (c *controllers) disruptions(ctx context.Context) (func(context.Context), error) {
	apps, core := c.informers.Apps().V1(), c.informers.Core().V1()
	scales, err := scale.NewForConfig(c.config, c.mapper, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(c.discovery))
	if err != nil {
		return nil, fmt.Errorf("disruptions: %w", err)
	}
	d := disruption.NewDisruptionController(ctx, core.Pods(), c.informers.Policy().V1().PodDisruptionBudgets(), core.ReplicationControllers(),
		apps.ReplicaSets(), apps.Deployments(), apps.StatefulSets(), c.client, c.mapper, scales, c.discovery)
	return d.Run, nil
}

// jobs has no workloads or pod groups: no test turns their features on.
func (c *controllers) jobs(ctx context.Context) (func(context.Context), error) {
	j, err := job.NewController(ctx, c.client, c.informers.Core().V1().Pods(), c.informers.Batch().V1().Jobs(), nil, nil)
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return func(ctx context.Context) { j.Run(ctx, workers) }, nil
}

func (c *controllers) replicaSets(ctx context.Context) (func(context.Context), error) {
	r := replicaset.NewReplicaSetController(ctx, c.informers.Apps().V1().ReplicaSets(), c.informers.Core().V1().Pods(), c.client, replicaset.BurstReplicas)
	return func(ctx context.Context) { r.Run(ctx, workers) }, nil
}

func (c *controllers) statefulSets(ctx context.Context) (func(context.Context), error) {
	apps, core := c.informers.Apps().V1(), c.informers.Core().V1()
	s := statefulset.NewStatefulSetController(ctx, core.Pods(), apps.StatefulSets(), core.PersistentVolumeClaims(), apps.ControllerRevisions(), c.client)
	return func(ctx context.Context) { s.Run(ctx, workers) }, nil
}

func (c *controllers) endpointSlices(ctx context.Context) (func(context.Context), error) {
	core := c.informers.Core().V1()
	e := endpointslice.NewController(ctx, core.Pods(), core.Services(), core.Nodes(), c.informers.Discovery().V1().EndpointSlices(), slicesOf, c.client, 0)
	return func(ctx context.Context) { e.Run(ctx, workers) }, nil
}

// namespaces asks as often as it likes: it deletes what is in them one by one.
func (c *controllers) namespaces(ctx context.Context) (func(context.Context), error) {
	config := rest.CopyConfig(c.config)
	config.QPS, config.Burst = -1, -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	n := namespace.NewNamespaceController(ctx, client, meta, client.Discovery().ServerPreferredNamespacedResources,
		c.informers.Core().V1().Namespaces(), namespaceResync, corev1.FinalizerKubernetes)
	return func(ctx context.Context) { n.Run(ctx, workers) }, nil
}

func (c *controllers) garbage(ctx context.Context) (func(context.Context), error) {
	g, err := garbagecollector.NewGarbageCollector(ctx, c.client, c.metadata, c.mapper, garbagecollector.DefaultIgnoredResources(), c.all, c.started)
	if err != nil {
		return nil, fmt.Errorf("garbage: %w", err)
	}
	return func(ctx context.Context) {
		go wait.Until(c.mapper.Reset, refresh, ctx.Done())
		go g.Sync(ctx, c.discovery, refresh)
		g.Run(ctx, workers, refresh)
	}, nil
}
