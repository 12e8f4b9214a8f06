// Package cli holds the commands that run a load, one file each: the plain
// load, with or without an event beside it (--during), the lab, and scenario
// files; and nodrop mark, which reaches into a run of another process.
//
// The others share one pipeline: flags and files become a Scenario; the user confirms
// what it will change in clusters; the outputs are opened; the scenario runs,
// with progress, marks set by hand and interrupts; its recording is reported.
//
// The invariant: every failure is printed once, and a load that has begun is
// always reported. The package does not depend on reports: main passes in
// Reports.
package cli
