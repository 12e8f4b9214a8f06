// Package record says what became of requests, and counts it.
//
//	Result → Tally (one for each thread or worker) → Recorder.Merge → Run → Recording
//	                                                 Run.Merge: runs of several recorders
//
// A worker hands each Result to its own Tally, which shares nothing with the
// others. When no worker runs any more, Merge puts the tallies together. Marks
// (what was done to the target, and when) join the Run at its end; a Recording
// is a list of runs, and all that a report is made of.
//
// The invariant: what a Run says does not depend on how its results fell to
// tallies or recorders, nor on the order in which they came. Counts are exact in
// memory that does not grow with the number of requests: per class, status,
// endpoint and bin of time. Only latencies are approximated (HDR histograms of
// three digits). What is kept in full, such as lost requests and error texts,
// has a bound, and what is beyond it is in the counts still.
//
// Counts.Check holds for every run: planned = started + unsent, and started =
// ok + lost + spoiled + aborted, each side counted where it happens.
package record
