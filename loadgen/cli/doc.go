// Package cli is what nodrop's commands have in common, and how they take what
// hey takes: the streams, the exit codes, arguments written with one dash or two,
// and the texts of usage and errors.
//
// A command line passes through it so: Execute refuses what is no command and
// writes the arguments anew, cobra parses them and runs the command, and what
// that returns is an Exit or an error that is still to be told.
//
// The invariant: what is no report goes to Err, in lines that hold no secret and
// nothing that a terminal would obey.
package cli
