// Package cli is the commands that read recordings: nodrop report and nodrop
// compare; and it makes the report of a load that has run.
//
// A file, a command: it reads recordings, package report makes a report of them,
// package output writes that, and its verdict becomes the exit code.
//
// The invariant: nothing is opened for writing before all that is to be read has
// been read, and nothing is written before all is opened.
package cli
