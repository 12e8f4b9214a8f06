// Package kubetest decodes the objects that the tests of scenario/kube use.
//
// The pipeline: YAML → an object, with numbers as JSON or as the API's client
// decodes them.
package kubetest

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// Decode decodes one YAML document, with numbers as JSON decodes them.
func Decode(t *testing.T, text string) map[string]any {
	t.Helper()
	var found map[string]any
	if err := yaml.NewYAMLOrJSONDecoder(strings.NewReader(text), 4096).Decode(&found); err != nil {
		t.Fatal(err)
	}
	return (&unstructured.Unstructured{Object: found}).DeepCopy().Object
}

// Integers converts numbers to the types that the API's client returns.
func Integers(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key := range v {
			v[key] = Integers(v[key])
		}
	case []any:
		for i := range v {
			v[i] = Integers(v[i])
		}
	case float64:
		return int64(v)
	}
	return value
}
