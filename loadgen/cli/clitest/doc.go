// Package clitest runs nodrop as a program, for the tests of its commands: it
// builds the program, runs it and reads the recording, and finds ports, tools and
// namespaces on the machine.
//
// The invariant: the identity holds in every run that the program records, and its
// report prints it.
package clitest
