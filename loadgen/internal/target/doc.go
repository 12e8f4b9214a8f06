// Package target reads URLs as people write them and says what connections and
// requests need of them.
//
// Check finds the slips that people make and says what was likely meant; Read
// takes a whole URL, such as a redirect leads to. What was typed is sent as it
// was typed, as far as a request line can carry it.
package target
