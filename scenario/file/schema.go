package file

import _ "embed"

// Schema is the JSON Schema of a scenario file, for editors. It covers every key
// and every check of a single value. Load checks the rest.
//
//go:embed scenario.schema.json
var Schema string
