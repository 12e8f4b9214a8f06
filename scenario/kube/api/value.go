package api

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// At is the value at a path; false where there is none.
func At(object map[string]any, path ...string) (any, bool) {
	var value any = object
	for _, name := range path {
		fields, ok := value.(map[string]any)
		if !ok {
			return nil, false
		}
		if value, ok = fields[name]; !ok {
			return nil, false
		}
	}
	return value, true
}

// Items are the mappings of the list at a path; none where there is none.
func Items(object map[string]any, path ...string) []map[string]any {
	value, _ := At(object, path...)
	list, _ := value.([]any)
	var found []map[string]any
	for _, item := range list {
		if fields, ok := item.(map[string]any); ok {
			found = append(found, fields)
		}
	}
	return found
}

// Number is one at a path; 0 where there is none.
func Number(object map[string]any, path ...string) int64 {
	value, _ := At(object, path...)
	switch n := value.(type) {
	case int64:
		return n
	case float64: // of a manifest
		return int64(n)
	case int:
		return int64(n)
	}
	return 0
}

// Text is one at a path; "" where there is none.
func Text(object map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(object, path...)
	return s
}

// Set puts a value into nested maps, which are made where they are missing.
func Set(object map[string]any, value any, path ...string) {
	for _, name := range path[:len(path)-1] {
		next, ok := object[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			object[name] = next
		}
		object = next
	}
	object[path[len(path)-1]] = value
}

// Same compares values as JSON has them: 1 from a file and 1 from the API server
// are of different types in Go.
func Same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Shown is a value for people.
func Shown(value any, is bool) string {
	if !is || value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// HasCondition reports that one of an object's conditions is True.
func HasCondition(o map[string]any, kind string) bool {
	return Text(ConditionOf(o, kind), "status") == "True"
}

// ConditionOf is one of an object's conditions; nil where it has none of the kind.
func ConditionOf(o map[string]any, kind string) map[string]any {
	for _, c := range Items(o, "status", "conditions") {
		if Text(c, "type") == kind {
			return c
		}
	}
	return nil
}
