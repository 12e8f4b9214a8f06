package record

// Sink gets what happens while it happens. Runs follow one another, but for
// the streams of one scenario, which run side by side.
type Sink interface {
	// Begin opens a run: its name, settings, environment and start are set. It is
	// called by one goroutine at a time.
	Begin(run *Run) RunSink
	// Close ends the stream, of the runs of a recording, and returns the first
	// error it met. It is called when every run has ended.
	Close(rec *Recording) error
}

// RunSink gets one run: its Results, from many goroutines at once, then End.
type RunSink interface {
	// Record gets a Result, and the name of its endpoint ("" for none). Neither
	// is to be kept.
	Record(r *Result, endpoint string)
	// End closes the run, which is complete.
	End(run *Run)
}
