// Package target parses URLs as people write them and returns what connections
// and requests need of them.
//
// Check finds common mistakes and suggests what was likely meant. Read parses a
// whole URL, such as that of a redirect. A URL is sent as it was typed, as far
// as a request line can carry it.
package target
