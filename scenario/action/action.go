// Package action holds the actions of a scenario on targets that are not the
// lab's own fleet.
//
// Each action is a plain struct that a command line fills in. The zero value of
// a field means the default that its comment names. An action can run again
// after Undo, because scenarios repeat.
//
// The invariant: whatever Run started and has not ended ends with the program,
// however the program ends.
//
// To add an action of scenarios: a struct with Run and, if it can be reverted,
// Undo; its key in actionKinds and its fields in scenario/file/action.go; both in
// scenario/file/scenario.schema.json, which a test compares with them; its errors
// in scenario/file/testdata/broken.
package action
