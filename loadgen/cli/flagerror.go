package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"nodrop/loadgen/misuse"
)

// flagError says what is wrong with the flags of a command, and what to write
// instead.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, unknown)
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return invalidValue(wrong)
	}
	if lacks, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		f := lacks.GetFlag()
		return &misuse.Error{Problem: Dashed(f.Name) + ": no value given", Hint: flagForm(f)}
	}
	return err
}

// unknownFlag is the error for a flag that the command does not have.
func unknownFlag(cmd *cobra.Command, unknown *pflag.NotExistError) error {
	name := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); len(short) > len(name) {
		name = short
	}
	hint := cmd.CommandPath() + " --help lists the flags"
	for _, better := range []string{hintElsewhere(cmd.Flags(), name), hintOwner(cmd, name), hintBlank(cmd.Flags(), name), hintNearest(cmd.Flags(), name)} {
		if better != "" {
			hint = better
			break
		}
	}
	return &misuse.Error{Problem: "unknown flag: -" + name, Hint: hint}
}

// hintOwner names a command that has the flag; "" if none has.
func hintOwner(cmd *cobra.Command, name string) string {
	var owner func(*cobra.Command) *cobra.Command
	owner = func(c *cobra.Command) *cobra.Command {
		if visible(c.Flags(), name) {
			return c
		}
		for _, below := range c.Commands() {
			if found := owner(below); found != nil {
				return found
			}
		}
		return nil
	}
	switch found := owner(cmd.Root()); {
	case found == nil:
		return ""
	case found == cmd.Root():
		return fmt.Sprintf("%s is for a plain load: %s", Dashed(name), UseLine(found))
	default:
		return fmt.Sprintf("%s is for %s", Dashed(name), found.CommandPath())
	}
}

// hintBlank is for a value without a blank before it, as other tools take it;
// "" if it is something else.
func hintBlank(fs *pflag.FlagSet, name string) string {
	if len(name) < 2 || name[1] < '0' || name[1] > '9' {
		return ""
	}
	if f := fs.Lookup(name[:1]); f == nil || f.NoOptDefVal != "" {
		return ""
	}
	return fmt.Sprintf("put a blank before the value: -%s %s", name[:1], name[1:])
}

// hintNearest suggests the closest flag; "" if none is close.
func hintNearest(fs *pflag.FlagSet, name string) string {
	var names []string
	fs.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && len(f.Name) > 1 {
			names = append(names, f.Name)
		}
	})
	if best := misuse.Nearest(name, names); best != "" {
		return "did you mean --" + best + "?"
	}
	return ""
}

// visible reports whether help lists the flag.
func visible(fs *pflag.FlagSet, name string) bool {
	f := fs.Lookup(name)
	return f != nil && !f.Hidden
}

// invalidValue is the error for a value that a flag cannot have.
func invalidValue(wrong *pflag.InvalidValueError) error {
	f, value := wrong.GetFlag(), wrong.GetValue()
	problem := func(is string) string { return fmt.Sprintf("%s %q: %s", Dashed(f.Name), value, is) }
	if errors.Is(wrong, strconv.ErrRange) {
		return &misuse.Error{Problem: problem("out of range"), Hint: flagForm(f)}
	}
	switch kind := f.Value.Type(); {
	case strings.HasPrefix(kind, "int"):
		return &misuse.Error{Problem: problem("not a whole number"), Hint: flagForm(f)}
	case strings.HasPrefix(kind, "float"):
		return &misuse.Error{Problem: problem("not a number"), Hint: flagForm(f)}
	case kind == "duration":
		if _, err := strconv.ParseFloat(value, 64); err == nil {
			return &misuse.Error{Problem: problem("a duration needs a unit"), Hint: fmt.Sprintf("write it as %[1]sms, %[1]ss or %[1]sm", value)}
		}
		return &misuse.Error{Problem: problem("not a duration"), Hint: "write it as 500ms, 30s or 5m"}
	case kind == "bool":
		return &misuse.Error{Problem: problem("not true or false"), Hint: Dashed(f.Name) + " takes no value"}
	}
	return errors.New(problem(wrong.Unwrap().Error()))
}
