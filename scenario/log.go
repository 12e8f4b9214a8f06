package scenario

import (
	"cmp"
	"errors"
	"iter"
	"strings"

	"nodrop/scenario/proc"
)

// LogLines is how many of the last lines of an output are kept.
const LogLines = proc.TailLines

// Speaker is an action that runs a command whose output is part of the report.
type Speaker interface {
	// Said returns the last lines that the command printed in the last Run, at
	// most LogLines.
	Said() []string
}

// saidBy returns what the command of an action printed; nil if it runs none.
func saidBy(a Action) []string {
	if s, ok := a.(Speaker); ok {
		return s.Said()
	}
	return nil
}

// errorLines is how many of these lines an error shows.
const errorLines = 3

// LogError is the error of something whose output may explain it.
type LogError struct {
	Err   error
	Of    string   // where the lines come from; "" is the failed step
	Lines []string // the last lines, oldest first, at most LogLines
}

// Error returns the error followed by the last lines of output, on one line.
func (e *LogError) Error() string {
	if len(e.Lines) == 0 {
		return e.Err.Error()
	}
	return e.Err.Error() + ": " + strings.Join(e.Lines[max(0, len(e.Lines)-errorLines):], "; ")
}

// Unwrap returns the error without the output.
func (e *LogError) Unwrap() error { return e.Err }

// All receives all lines that a command printed. They can be read once. It must
// return at once, because the step of the command has not ended before: whoever
// shows them does so beside the run.
type All func(of string, lines iter.Seq[string])

// Log receives the last lines of an output. They are shown only if the scenario
// fails.
type Log func(of string, lines []string)

// Failed logs the output behind a step's error, if it has more lines than the
// error shows.
func (l Log) Failed(step string, err error) {
	if e, ok := errors.AsType[*LogError](err); ok && len(e.Lines) > errorLines {
		l.add(cmp.Or(e.Of, step), e.Lines)
	}
}

func (l Log) add(of string, lines []string) {
	if l != nil && len(lines) > 0 {
		l(of, lines)
	}
}

// of returns a log for one attempt, which prefixes the source of the lines with
// the variant's name and masks secrets with mask: commands repeat their input.
func (l Log) of(a Attempt, mask func(string) string) Log {
	return func(of string, lines []string) {
		shown := make([]string, len(lines))
		for i, line := range lines {
			shown[i] = mask(line)
		}
		of, lines = mask(of), shown
		if name := a.Variant.Name; name != "" {
			of = name + ": " + of
		}
		l.add(of, lines)
	}
}
