// Package output handles -o: it opens the files and formats that -o names,
// writes reports to them, and reads recordings back.
//
// A Set is opened before the load starts, so that an output that cannot be
// written fails at once. Streams are sinks of the load; the other formats are
// written when the report is ready.
//
// The invariant: a file appears in its place complete or not at all. Until then
// it is a temporary file in the same directory, so a failed run leaves the old
// file untouched.
package output
