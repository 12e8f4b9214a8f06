// Package cli holds the commands that read recordings, nodrop report and nodrop
// compare, one file each. It also reports on a load that has just run.
//
// A command reads its recordings, package report turns them into a report,
// package output writes it, and the verdict decides the exit code.
//
// The invariant: a command opens its outputs only after it has read all its
// input, and writes only after it has opened all its outputs.
package cli
