// Package record defines the outcome of requests, and counts outcomes.
//
//	Result → Tally (one for each thread or worker) → Recorder.Merge → Run → Recording
//	                                                 Run.Merge: runs of several recorders
//
// A worker hands each Result to its own Tally, which shares nothing with the
// others. When all workers have stopped, Merge combines the tallies. Marks (what
// was done to the target, and when) are collected apart from that, where each can
// be watched as it is added, and join the Run at its end. A Recording is a list
// of runs, and the only input of a report, whose Judgement is data again.
//
// The invariant: a Run does not depend on how its results were spread over
// tallies or recorders, nor on their order. Counts per class, status, endpoint
// and time bin are exact, in memory that does not grow with the number of
// requests. Only latencies are approximate (HDR histograms with three digits).
// Lists, such as lost requests and error texts, have a limit; what exceeds it
// is still in the counts.
//
// What became of HTTP/2 connections, which requests share, is in package ledger.
//
// Counts.Check holds for every run: planned = started + unsent, and started =
// ok + lost + spoiled + aborted. Each side is counted where it happens.
//
// To add a failure class: a row in classTable, with a constant beside it for a new
// stage or cause; how to recognise it, in loadgen/internal/wire/classify.go.
// TestClassTable and TestClassify keep the two consistent; nodrop help explains
// the row.
package record
