// Package output is what -o says: formats, and the files that they go to; and it
// reads what they have written.
//
// A Set is opened before a load starts, so that what cannot be written is known
// then. Streams are sinks of the load; what is computed is written when its report
// is there.
//
// The invariant: a file is put in its place whole. Until then it is a temporary
// one beside that place, and a run that fails leaves what was there.
package output
