package record

// Sink receives results while runs are in progress. Runs follow one another,
// except that the streams of one scenario run in parallel.
type Sink interface {
	// Begin opens a run, whose name, settings, environment and start are set.
	// It is called by one goroutine at a time.
	Begin(run *Run) RunSink
	// Close ends the output and returns the first error that occurred. It is
	// called after every run has ended; rec holds all the runs.
	Close(rec *Recording) error
}

// RunSink receives the Results of one run, from many goroutines at once, then
// End.
type RunSink interface {
	// Record receives a Result and the name of its endpoint ("" for none). It
	// must not keep either.
	Record(r *Result, endpoint string)
	// End closes the run, which is complete.
	End(run *Run)
}
