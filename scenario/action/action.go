// Package action holds what a step of a scenario can do to a target that is not
// a fleet of our own.
//
// Each action is a plain struct that a command line fills in. Its zero values
// are the defaults its fields name. An action can be run again once it has been
// undone: a scenario repeats.
//
// The invariant: what Run started and has not ended ends with the program,
// however that ends.
package action
