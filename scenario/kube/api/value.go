package api

import (
	"encoding/json"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// At returns the value at a path; false if there is none.
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

// Items returns the mappings of the list at a path; none if there is no list.
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

// Number returns the number at a path; 0 if there is none.
func Number(object map[string]any, path ...string) int64 {
	value, _ := At(object, path...)
	switch n := value.(type) {
	case int64:
		return n
	case float64: // from a manifest
		return int64(n)
	case int:
		return int64(n)
	}
	return 0
}

// Text returns the string at a path; "" if there is none.
func Text(object map[string]any, path ...string) string {
	s, _, _ := unstructured.NestedString(object, path...)
	return s
}

// Set stores a value in nested maps and creates missing ones.
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

// Same compares values by their JSON form: 1 from a file and 1 from the API
// server have different types in Go.
func Same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Shown formats a value for messages.
func Shown(value any, is bool) string {
	if !is || value == nil {
		return "unset"
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// HasList reports whether a value is a list, or a mapping with one below it. Messages
// do not show lists: that of containers has their environment.
func HasList(value any) bool {
	if list, ok := value.([]any); ok {
		return len(list) > 0
	}
	fields, _ := value.(map[string]any)
	for _, below := range fields {
		if HasList(below) {
			return true
		}
	}
	return false
}

// HasCondition reports whether an object's condition of this kind is True.
func HasCondition(o map[string]any, kind string) bool {
	return Text(ConditionOf(o, kind), "status") == "True"
}

// ConditionOf returns an object's condition of this kind; nil if it has none.
func ConditionOf(o map[string]any, kind string) map[string]any {
	for _, c := range Items(o, "status", "conditions") {
		if Text(c, "type") == kind {
			return c
		}
	}
	return nil
}
