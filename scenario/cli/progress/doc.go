// Package progress shows how far a run is: one line that is redrawn on a
// terminal, plain lines where nobody watches.
//
// A run tells a Tracker what it does, through scenario.Watch. The Tracker
// computes texts; Draw or Print shows them in a goroutine of its own. What the
// run calls never waits for a terminal or a pipe.
package progress
