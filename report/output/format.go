package output

import (
	"strings"

	"github.com/spf13/pflag"

	"nodrop/loadgen/stream"
	"nodrop/report/format"
)

// Flag defines -o on fs.
func Flag(fs *pflag.FlagSet) *[]string {
	return fs.StringArrayP("o", "o", nil, "output, FORMAT or FORMAT=FILE: "+knownFormats()+"; repeatable")
}

// knownFormats lists what -o takes.
func knownFormats() string {
	var names []string
	for _, f := range format.Formats {
		names = append(names, f.Name)
	}
	for _, s := range stream.Streams {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}

// IsStream reports whether a format is written while the load runs.
func IsStream(format string) bool {
	for _, s := range stream.Streams {
		if s.Name == format {
			return true
		}
	}
	return false
}
