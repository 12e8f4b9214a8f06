// Package stream writes requests as rows while a load runs, and reads back what
// nodrop wrote.
//
//	Result → CSV or NDJSON → file → Read → record.Recording
//
// NDJSON holds everything: Read gives the same Recording that the run itself
// made. If the file was cut short, it gives what was there, and an Error that
// says so. CSV is hey's, with columns after hey's own; no report can be made of it.
//
// Rows come from many goroutines at once and are written whole: a file never
// holds one row within another.
package stream
