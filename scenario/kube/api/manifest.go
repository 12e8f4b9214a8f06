package api

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// ReadManifests reads all documents of a file.
func ReadManifests(text []byte) ([]map[string]any, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	var list []map[string]any
	for {
		var one map[string]any
		err := decoder.Decode(&one)
		switch {
		case errors.Is(err, io.EOF):
			return list, nil
		case err != nil:
			return nil, OneLine(err)
		case one == nil: // an empty document
			continue
		}
		if err := CheckManifest(one); err != nil {
			return nil, fmt.Errorf("document %d: %w", len(list)+1, err)
		}
		list = append(list, one)
	}
}

// CheckManifest refuses a manifest that does not identify its object.
func CheckManifest(manifest map[string]any) error {
	o := unstructured.Unstructured{Object: manifest}
	if o.GetKind() == "" || o.GetName() == "" || o.GetAPIVersion() == "" {
		return errors.New("apiVersion, kind or metadata.name is missing")
	}
	return nil
}

// RefOf returns the reference to a manifest's object, with its group.
func RefOf(manifest map[string]any) Ref {
	o := unstructured.Unstructured{Object: manifest}
	kind := o.GetKind()
	if group := o.GroupVersionKind().Group; group != "" {
		kind += "." + group
	}
	return Ref{Kind: kind, Name: o.GetName()}
}
