package file

import _ "embed"

// Schema is the JSON Schema of a scenario file, for editors: it knows every key,
// and what can be told of a value by itself. Load knows the rest.
//
//go:embed scenario.schema.json
var Schema string
