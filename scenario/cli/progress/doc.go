// Package progress shows how far a run is: one line that is redrawn on a
// terminal, plain lines where nobody watches.
//
// A run tells it what it does through scenario.Watch. A Tracker keeps what it
// was told and computes texts; Start shows them. What the run calls never waits
// for a terminal or a pipe.
package progress
