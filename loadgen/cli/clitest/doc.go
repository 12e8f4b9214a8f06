// Package clitest runs nodrop as a program, for tests of its commands: how it is
// built, how one invocation went, and what such tests need of the machine.
//
// The invariant: whatever is run through it, the identity must hold in every run
// of the recording, and stand in the report.
package clitest
