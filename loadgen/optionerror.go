package loadgen

import (
	"fmt"
	"slices"
)

// OptionError says what is wrong with an option, or with several together. It
// does not contain their names: each front end puts in its own.
type OptionError struct{ problem, hint phrase }

// phrase is a format with arguments. Front ends name the options among them.
type phrase struct {
	format string
	args   []any // an Option or a phrase is written with %v
}

func say(format string, args ...any) phrase { return phrase{format, args} }

// wrong is an error about the options among args. The first is the one that it
// is most about.
func wrong(format string, args ...any) *OptionError {
	return &OptionError{problem: say(format, args...)}
}

// try adds a hint on what to write instead.
func (e *OptionError) try(format string, args ...any) *OptionError {
	e.hint = say(format, args...)
	return e
}

// Options lists the options that the error is about, the most important first.
func (e *OptionError) Options() []Option {
	var list []Option
	for _, arg := range e.problem.args {
		if o, ok := arg.(Option); ok {
			list = append(list, o)
		}
	}
	return list
}

// Problem is what is wrong. name names an option.
func (e *OptionError) Problem(name func(Option) string) string { return e.problem.in(name) }

// Hint says what to do; "" for nothing.
func (e *OptionError) Hint(name func(Option) string) string { return e.hint.in(name) }

// Error is what is wrong, in nodrop's own names for options.
func (e *OptionError) Error() string { return e.Problem(Option.String) }

// Unwrap returns the error that is part of the text; nil if there is none.
func (e *OptionError) Unwrap() error {
	for _, arg := range e.problem.args {
		if err, ok := arg.(error); ok {
			return err
		}
	}
	return nil
}

func (p phrase) in(name func(Option) string) string {
	args := slices.Clone(p.args)
	for i, arg := range args {
		switch arg := arg.(type) {
		case Option:
			args[i] = name(arg)
		case phrase:
			args[i] = arg.in(name)
		}
	}
	return fmt.Sprintf(p.format, args...)
}
