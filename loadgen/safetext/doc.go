// Package safetext makes texts from outside safe to keep and to show: it hides
// secrets, limits the length, and replaces what a terminal would obey.
//
//	text of a server, a URL, a program → Mask… → Bounded → Clean… → people and files
//
// The invariant: MaskURL, MaskText and Secrets.Mask let no password, token or
// cookie through that the user gave or the target sent. Bounded returns at most
// MaxText bytes, and different texts stay different.
package safetext
