package record

// HintError is an error with a word on what to do.
type HintError struct{ Problem, Hint string }

func (e *HintError) Error() string { return e.Problem }
