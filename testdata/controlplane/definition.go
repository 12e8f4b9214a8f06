package main

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// define makes the resources of the service mesh known to the API server, and
// returns when it serves them.
func define(ctx context.Context, client dynamic.Interface) error {
	files, err := fs.Glob(manifests, "manifests/*.yaml")
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := defineOne(ctx, client.Resource(definitionKind), file); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func defineOne(ctx context.Context, definitions dynamic.ResourceInterface, file string) error {
	text, err := manifests.ReadFile(file)
	if err != nil {
		return err
	}
	var definition unstructured.Unstructured
	if err := yaml.Unmarshal(text, &definition.Object); err != nil {
		return err
	}
	if _, err := definitions.Create(ctx, &definition, metav1.CreateOptions{}); err != nil {
		return err
	}
	return waitEstablished(ctx, definitions, definition.GetName())
}

func waitEstablished(ctx context.Context, definitions dynamic.ResourceInterface, name string) error {
	ctx, cancel := context.WithTimeout(ctx, bringUpTimeout)
	defer cancel()
	for ; ctx.Err() == nil; sleep(ctx, bringUpPoll) {
		definition, err := definitions.Get(ctx, name, metav1.GetOptions{})
		if err == nil && established(definition) {
			return nil
		}
	}
	return fmt.Errorf("it is not served: %w", ctx.Err())
}

func established(definition *unstructured.Unstructured) bool {
	conditions, _, _ := unstructured.NestedSlice(definition.Object, "status", "conditions")
	for _, c := range conditions {
		condition, ok := c.(map[string]any)
		if ok && condition["type"] == "Established" && condition["status"] == "True" {
			return true
		}
	}
	return false
}
