// Package cli is the commands that run a load: the plain one with what may be
// done beside it (--during), the lab, and what a scenario file says.
//
// A file, a command, and all of them the same way: flags and files make a
// Scenario; what it will change in clusters is confirmed; the outputs are opened;
// it runs, with progress on a terminal, marks by hand and interruptions; its
// recording is reported.
//
// The invariant: whatever goes wrong is told once, and where a load has begun
// there is a report. What a report is, the package does not know: Reports hands it
// in.
package cli
