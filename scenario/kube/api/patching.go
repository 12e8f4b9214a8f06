package api

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
)

// Patching is a patch of one of kubectl's patch types. The zero value changes
// nothing.
type Patching struct {
	Type       types.PatchType  // "" means JSON patch if there are operations, or else merge patch
	Fields     map[string]any   // of a merge patch (RFC 7386) or a strategic merge patch
	Operations []map[string]any // of a JSON patch (RFC 6902)
}

// Merging returns a merge patch of fields.
func Merging(fields map[string]any) Patching { return Patching{Fields: fields} }

// ParsePatchType reads a patch type as given to kubectl's --type.
func ParsePatchType(name string) (types.PatchType, error) {
	switch name {
	case "merge":
		return types.MergePatchType, nil
	case "strategic":
		return types.StrategicMergePatchType, nil
	case "json":
		return types.JSONPatchType, nil
	}
	return "", fmt.Errorf("%q is not merge, strategic or json", name)
}

// kind returns the patch type, explicit or implied.
func (p Patching) kind() types.PatchType {
	switch {
	case p.Type != "":
		return p.Type
	case p.Operations != nil:
		return types.JSONPatchType
	}
	return types.MergePatchType
}

// Check refuses a patch that cannot be sent, cannot be undone, or changes nothing.
func (p Patching) Check() error {
	if len(p.Fields) == 0 && len(p.Operations) == 0 {
		return errors.New("it changes nothing")
	}
	if p.kind() != types.JSONPatchType {
		if p.Operations != nil {
			return fmt.Errorf("a list of operations needs type: json")
		}
		return checkDirectives(p.Fields)
	}
	if p.Fields != nil {
		return fmt.Errorf("a JSON patch must be a list of operations")
	}
	for i, operation := range p.Operations {
		if err := checkOperation(operation); err != nil {
			return fmt.Errorf("operation %d: %w", i+1, err)
		}
	}
	return nil
}

// checkDirectives refuses strategic merge directives that change fields they do
// not name: such a change could not be undone. They are allowed inside a list,
// because a list is restored as a whole.
func checkDirectives(fields map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if strings.HasPrefix(name, "$") {
			return fmt.Errorf("%s changes fields that the patch does not name, so it cannot be undone", name)
		}
		if below, ok := fields[name].(map[string]any); ok {
			if err := checkDirectives(below); err != nil {
				return err
			}
		}
	}
	return nil
}

// operationKeys maps each JSON patch operation to the key that it takes beside
// op and path.
var operationKeys = map[string]string{"add": "value", "replace": "value", "test": "value", "move": "from", "copy": "from", "remove": ""}

func checkOperation(operation map[string]any) error {
	op, _ := operation["op"].(string)
	key, known := operationKeys[op]
	if !known {
		return fmt.Errorf("op: %s is not add, remove, replace, move, copy or test", Shown(operation["op"], operation["op"] != nil))
	}
	for _, name := range slices.Sorted(maps.Keys(operation)) {
		if name != "op" && name != "path" && name != key {
			return fmt.Errorf("%s does not accept %s", op, name)
		}
	}
	if _, told := operation[key]; key != "" && !told {
		return fmt.Errorf("%s needs a %s", op, key)
	}
	for _, name := range []string{"path", "from"} {
		pointer, told := operation[name]
		if text, _ := pointer.(string); (told || name == "path") && !strings.HasPrefix(text, "/") {
			return fmt.Errorf("%s: %s is not a JSON pointer such as /spec/replicas", name, Shown(pointer, told))
		}
	}
	return nil
}

func (p Patching) body() (types.PatchType, any) {
	if kind := p.kind(); kind != types.JSONPatchType {
		return kind, p.Fields
	}
	return types.JSONPatchType, p.Operations
}

// Paths returns the paths of the values that the patch changes in an object,
// sorted, with no path inside another. A list is one value.
func (p Patching) Paths(object map[string]any) [][]string {
	if p.kind() != types.JSONPatchType {
		return Paths(p.Fields, nil)
	}
	var paths [][]string
	for _, pointer := range p.pointers() {
		paths = append(paths, valueAt(object, pointer))
	}
	slices.SortFunc(paths, slices.Compare[[]string])
	var outer [][]string
	for _, path := range paths {
		if n := len(outer); n == 0 || len(outer[n-1]) > len(path) || !slices.Equal(outer[n-1], path[:len(outer[n-1])]) {
			outer = append(outer, path)
		}
	}
	return outer
}

// pointers lists the JSON pointers that the operations change, in order and
// without repeats.
func (p Patching) pointers() []string {
	var list []string
	add := func(pointer any) {
		if text, ok := pointer.(string); ok && !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	for _, operation := range p.Operations {
		switch operation["op"] {
		case "test":
			continue
		case "move":
			add(operation["from"])
		}
		add(operation["path"])
	}
	return list
}

// valueAt converts a JSON pointer (RFC 6901) to a path. It stops at the first list.
func valueAt(object map[string]any, pointer string) []string {
	var path []string
	var value any = object
	for name := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		if _, isList := value.([]any); isList {
			return path
		}
		name = strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
		path = append(path, name)
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	return path
}

// Names lists the changed values for messages, without reading the object.
func (p Patching) Names() string {
	if p.kind() == types.JSONPatchType {
		return strings.Join(p.pointers(), ", ")
	}
	var names []string
	for _, path := range Paths(p.Fields, nil) {
		names = append(names, strings.Join(path, "."))
	}
	return strings.Join(names, ", ")
}

// Told returns the value that the patch sets at a path, or false where only the
// API server's response shows it.
func (p Patching) Told(path []string) (value any, told bool) {
	if p.kind() != types.MergePatchType {
		return nil, false
	}
	return At(p.Fields, path...)
}

// Paths returns the paths of a patch's values; a list is one value.
func Paths(patch map[string]any, below []string) [][]string {
	var paths [][]string
	for _, name := range slices.Sorted(maps.Keys(patch)) {
		path := append(slices.Clone(below), name)
		if fields, ok := patch[name].(map[string]any); ok && len(fields) > 0 {
			paths = append(paths, Paths(fields, path)...)
			continue
		}
		paths = append(paths, path)
	}
	return paths
}
