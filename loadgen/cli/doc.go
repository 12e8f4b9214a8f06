// Package cli holds what all of nodrop's commands share: their streams, their exit
// codes, hey's flags and its way of writing them, and the texts of usage and
// errors.
//
// Every command line takes the same path: Execute rejects unknown commands and
// rewrites the arguments for pflag; cobra parses them and runs the command; the
// command returns an Exit, or an error that main still has to print.
//
// The invariant: only reports go to Out. Everything else goes to Err, free of
// secrets and of anything that controls a terminal.
//
// To add a page of nodrop help: a file in the folder help of the commands it is
// about, and its name in their Topics. To add a command: a file in report/cli or
// scenario/cli with its options and how it runs, and a line in main.go.
package cli
