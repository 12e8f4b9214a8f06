// Package stream writes requests as rows while a load runs, and reads back what
// nodrop wrote.
//
//	Result → CSV or NDJSON → file → Read → record.Recording
//
// NDJSON holds everything: Read returns the same Recording that the run
// produced. If the file was cut short, Read returns what it holds, and an Error
// that says so. CSV has hey's columns followed by nodrop's; it holds too little
// for a report.
//
// Rows come from many goroutines at once and are written whole: rows never mix.
//
// To add a field of a request: in record.Result and in the line (ndjson.go);
// without it, nodrop report on a stream would give other counts, and tests compare
// the two. Fields of a Run that requests do not determine reach the stream by
// themselves.
package stream
