// Package safetext makes texts from outside fit to be kept and shown: it hides
// secrets, bounds the length, and takes out what a terminal would obey.
//
//	text of a server, a URL, a program → Mask… → Bounded → Clean… → people and files
//
// The invariant: no password, token or cookie that the user gave or the target
// sent passes through MaskURL, MaskText or Secrets.Mask as it was; what Bounded
// returns takes at most MaxText bytes, and different texts stay different.
package safetext
