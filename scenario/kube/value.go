package kube

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// at is the value at a path; false where there is none.
func at(object map[string]any, path ...string) (any, bool) {
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

// items are the mappings of the list at a path; none where there is none.
func items(object map[string]any, path ...string) []map[string]any {
	value, _ := at(object, path...)
	list, _ := value.([]any)
	var found []map[string]any
	for _, item := range list {
		if fields, ok := item.(map[string]any); ok {
			found = append(found, fields)
		}
	}
	return found
}

// number is one at a path; 0 where there is none.
func number(object map[string]any, path ...string) int64 {
	value, _ := at(object, path...)
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

func text(object map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(object, path...)
	return s
}

// set puts a value into nested maps, which are made where they are missing.
func set(object map[string]any, value any, path ...string) {
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

// same compares values as JSON has them: 1 from a file and 1 from the API server
// are of different types in Go.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// shown is a value for people.
func shown(value any, is bool) string {
	if !is || value == nil {
		return "nothing"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// condition reports that one of an object's conditions is True.
func condition(o map[string]any, kind string) bool {
	return text(conditionOf(o, kind), "status") == "True"
}

// conditionOf is one of an object's conditions; nil where it has none of the kind.
func conditionOf(o map[string]any, kind string) map[string]any {
	for _, c := range items(o, "status", "conditions") {
		if text(c, "type") == kind {
			return c
		}
	}
	return nil
}
