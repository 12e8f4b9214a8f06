package action

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"nodrop/loadgen/pattern"
)

// follow finds the functions of the line, and which of its shell variables hold
// values of our variables.
func (l *shellLine) follow(f *syntax.File) {
	l.assigned, l.functions = map[string][]variable{}, map[string]*syntax.Stmt{}
	syntax.Walk(f, func(n syntax.Node) bool {
		if n, ok := n.(*syntax.FuncDecl); ok && n.Name != nil {
			l.functions[n.Name.Value] = n.Body
		}
		return true
	})
	for range 3 { // three passes also catch variables used before their assignment
		syntax.Walk(f, func(n syntax.Node) bool {
			l.followed(n)
			return true
		})
	}
}

func (l *shellLine) followed(n syntax.Node) {
	switch n := n.(type) {
	case *syntax.Assign:
		if n.Name != nil && n.Value != nil {
			l.assign(n.Name.Value, n.Value)
		}
	case *syntax.WordIter:
		for _, item := range n.Items {
			l.assign(n.Name.Value, item)
		}
	case *syntax.CallExpr:
		words := l.words(n)
		if len(words) == 0 || words[0] != "set" && l.functions[words[0]] == nil {
			return
		}
		for _, arg := range n.Args[1:] {
			for name := range strings.FieldsSeq("@ * 1 2 3 4 5 6 7 8 9") {
				l.assign(name, arg)
			}
		}
	case *syntax.BinaryCmd:
		if n.Op == syntax.Pipe || n.Op == syntax.PipeAll {
			l.readBy(n.Y, n.X)
		}
	case *syntax.Stmt:
		for _, r := range n.Redirs {
			if r.Hdoc != nil && n.Cmd != nil {
				l.readBy(n.Cmd, r.Hdoc)
			} else if r.Word != nil && n.Cmd != nil {
				l.readBy(n.Cmd, r.Word)
			}
		}
	}
}

// readBy tracks a text into the shell variables that the reader assigns it to.
func (l *shellLine) readBy(reader, text syntax.Node) {
	syntax.Walk(reader, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok {
			return true
		}
		words := l.words(call)
		if len(words) > 0 && slices.Contains([]string{"read", "mapfile", "readarray"}, words[0]) {
			for _, name := range append(words[1:], "REPLY", "MAPFILE") {
				l.assign(name, text)
			}
		}
		return true
	})
}

// repeats reports whether a command prints its input or arguments unchanged.
func (l *shellLine) repeats(part *syntax.CmdSubst) bool {
	found := false
	syntax.Walk(part, func(n syntax.Node) bool {
		if call, ok := n.(*syntax.CallExpr); ok {
			words := l.words(call)
			found = found || len(words) > 0 && slices.Contains([]string{"echo", "printf", "cat"}, words[0]) && !slices.Contains(words, "%q")
		}
		return true
	})
	return found
}

// named rejects values where the shell expects a variable name: it would
// evaluate brackets in it.
func (l *shellLine) named(n syntax.Node) error {
	var names []*syntax.Word
	switch n := n.(type) {
	case *syntax.DeclClause:
		for _, a := range n.Args {
			if a.Name == nil && a.Value != nil {
				names = append(names, a.Value)
			}
			if a.Name != nil && a.Value != nil && l.calculates(n) {
				if err := l.onlyNumbers(a.Value); err != nil {
					return err
				}
			}
		}
	case *syntax.CallExpr:
		words := l.words(n)
		for j := 1; j < len(words); j++ {
			if words[0] == "unset" || words[0] == "read" || words[j-1] == "-v" && slices.Contains([]string{"printf", "test", "["}, words[0]) {
				names = append(names, n.Args[j])
			}
		}
	case *syntax.UnaryTest:
		if word, ok := n.X.(*syntax.Word); ok && n.Op == syntax.TsVarSet {
			names = append(names, word)
		}
	}
	for _, word := range names {
		for _, v := range l.held(word, true) {
			if name, _, _ := strings.Cut(v.Value, "="); !harmless().MatchString(name) {
				return fmt.Errorf("${%s} is used as the name of a shell variable, but its value is not a name", v.Name)
			}
		}
	}
	return nil
}

func (l *shellLine) calculates(n *syntax.DeclClause) bool {
	return slices.ContainsFunc(n.Args, func(a *syntax.Assign) bool {
		if a.Name != nil || a.Value == nil {
			return false
		}
		from, to := span(a.Value)
		return isSetting(l.text[from:to], 'i')
	})
}

func (l *shellLine) assign(name string, value syntax.Node) {
	for _, v := range l.held(value, true) {
		if !slices.ContainsFunc(l.assigned[name], func(have variable) bool { return have.Name == v.Name }) {
			l.assigned[name] = append(l.assigned[name], v)
		}
	}
}

// held returns the variables that the shell expands in a part of the line. With
// notInCommands, it skips command substitutions that do not repeat their input.
func (l *shellLine) held(part syntax.Node, notInCommands bool) []variable {
	var list []variable
	syntax.Walk(part, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.CmdSubst:
			return !notInCommands || l.repeats(n)
		case *syntax.ParamExp:
			if n.Param == nil {
				return true
			}
			for _, v := range append(l.in("${"+n.Param.Value+"}"), l.assigned[n.Param.Value]...) {
				if !slices.ContainsFunc(list, func(have variable) bool { return have.Name == v.Name }) {
					list = append(list, v)
				}
			}
		}
		return true
	})
	return list
}

var unquote = strings.NewReplacer(`"`, "", "'", "", `\`, "")

// words returns the words of a command without quotes. A word that consists of
// one variable is replaced by its value.
func (l *shellLine) words(call *syntax.CallExpr) []string {
	var words []string
	for _, word := range call.Args {
		from, to := span(word)
		text := unquote.Replace(l.text[from:to])
		for _, v := range l.variables {
			if v.isAll(l.text[from:to]) {
				text = v.Value
			}
		}
		words = append(words, text)
	}
	return words
}

// isAll reports whether word is only the variable, quoted or not.
func (v variable) isAll(word string) bool {
	quoted := `"` + v.hole + `"`
	return word == v.hole || word == quoted || word == "''"+quoted+"''"
}

// innerCode rejects values that would become code of a program that the line
// starts.
func (l *shellLine) innerCode(call *syntax.CallExpr) error {
	for _, u := range uses(l.words(call)) {
		for _, j := range u.code {
			from, to := span(call.Args[j])
			text := l.text[from:to]
			for _, v := range l.held(call.Args[j], false) {
				onPurpose := v.isAll(text) && len(u.code) == 1
				if !onPurpose && !u.harmless(text, v.hole, v.Value) {
					return u.refused(v.Name)
				}
			}
		}
		if err := l.flagged(call, u); err != nil {
			return err
		}
	}
	return nil
}

// flagged rejects values that would become flags, or several words, among the
// words from which an interpreter takes its code. It also rejects values in the
// command behind a file of code (process substitution).
func (l *shellLine) flagged(call *syntax.CallExpr, u use) error {
	for j := u.at + 1; j < min(u.end, len(call.Args)); j++ {
		from, to := span(call.Args[j])
		for _, v := range l.in(l.text[from:to]) {
			bare := strings.HasPrefix(l.text[from:to], v.hole)
			starts := slices.Contains(u.flags, j) && !slices.Contains(u.code, j) && strings.HasPrefix(unquote.Replace(l.text[from:to]), v.hole)
			if bare && !harmless().MatchString(v.Value) || starts && strings.HasPrefix(v.Value, "-") {
				return u.refused(v.Name)
			}
		}
	}
	if u.script == 0 || u.script >= len(call.Args) {
		return nil
	}
	return l.substitution(call.Args[u.script], u.interpreter)
}

// substitution rejects values in commands whose output an interpreter reads as
// a file.
func (l *shellLine) substitution(word *syntax.Word, p *interpreter) error {
	for _, part := range word.Parts {
		if sub, ok := part.(*syntax.ProcSubst); ok {
			if err := l.handed(sub, p); err != nil {
				return err
			}
		}
	}
	return nil
}

// handed rejects values in text that an interpreter reads as code.
func (l *shellLine) handed(part syntax.Node, p *interpreter) error {
	for _, v := range l.held(part, false) {
		if !harmless().MatchString(v.Value) {
			return p.refusedInput(v.Name)
		}
	}
	return nil
}

// reader returns the interpreter in a part of the line that reads standard
// input as code, or nil.
func (l *shellLine) reader(part syntax.Node) *interpreter {
	var found *interpreter
	syntax.Walk(part, func(n syntax.Node) bool {
		call, ok := n.(*syntax.CallExpr)
		if !ok || found != nil {
			return found == nil
		}
		words := l.words(call)
		found = readsInput(words)
		if len(words) == 0 {
			return true
		}
		if body := l.functions[words[0]]; body != nil && found == nil {
			delete(l.functions, words[0]) // the function may call itself
			found = l.reader(body)
			l.functions[words[0]] = body
		}
		return true
	})
	return found
}

func (l *shellLine) piped(n *syntax.BinaryCmd) error {
	if n.Op != syntax.Pipe && n.Op != syntax.PipeAll {
		return nil
	}
	if p := l.reader(n.Y); p != nil {
		return l.handed(n.X, p)
	}
	return nil
}

// redirected checks here-documents, here-strings and process substitutions that
// an interpreter reads as code.
func (l *shellLine) redirected(s *syntax.Stmt) error {
	if s.Cmd == nil || len(s.Redirs) == 0 {
		return nil
	}
	p := l.reader(s.Cmd)
	if p == nil {
		return nil
	}
	for _, r := range s.Redirs {
		var err error
		switch {
		case r.Hdoc != nil:
			err = l.handed(r.Hdoc, p)
		case r.Op == syntax.WordHdoc:
			err = l.handed(r.Word, p)
		case r.Op == syntax.RdrIn:
			err = l.substitution(r.Word, p)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// substituted checks process substitutions >(…) whose interpreter reads its
// input as code.
func (l *shellLine) substituted(f *syntax.File, n *syntax.ProcSubst) error {
	if n.Op != syntax.CmdOut {
		return nil
	}
	if p := l.reader(n); p != nil {
		return l.handed(f, p)
	}
	return nil
}

// keeps matches programs that start another program with their own environment.
var keeps = pattern.Lazy(`^(env|timeout|nice|nohup|ionice|setsid|stdbuf|xargs|time|chrt|taskset)$`)

// Arguments puts variables into a list of arguments. An argument that is code
// for a shell is treated like any shell line. Code for another program, or for
// a shell that may have a different environment, accepts harmless values only.
// On error, bad is the index of the argument at fault.
func Arguments(list [][]Piece) (argv, env []string, bad int, err error) {
	var words []string
	for _, pieces := range list {
		value, shown := values(pieces)
		argv = append(argv, value)
		words = append(words, shown)
	}
	for _, u := range uses(words) {
		for _, j := range u.flags {
			if alone(list[j]) && strings.HasPrefix(argv[j], "-") && !slices.Contains(u.code, j) {
				return argv, nil, j, u.refused(name(list[j]))
			}
		}
		for _, j := range u.code {
			if u.shell && keepsEnvironment(words[:u.at]) {
				argv[j], env, err = Line(list[j])
			} else if !alone(list[j]) || len(u.code) > 1 {
				err = u.check(list[j])
			}
			if err != nil {
				return argv, nil, j, err
			}
		}
	}
	return argv, env, 0, nil
}

// values returns the text of pieces with the variables' values, and with
// ${NAME} in their place unless a single variable is the whole text.
func values(pieces []Piece) (value, shown string) {
	for _, p := range pieces {
		value += p.Text + p.Value
	}
	if alone(pieces) {
		return value, value
	}
	return value, named(pieces)
}

func named(pieces []Piece) string {
	var b strings.Builder
	for _, p := range pieces {
		if b.WriteString(p.Text); p.Name != "" {
			b.WriteString("${" + p.Name + "}")
		}
	}
	return b.String()
}

// alone reports whether a single variable is the whole text.
func alone(pieces []Piece) bool {
	n := name(pieces)
	return n != "" && named(pieces) == "${"+n+"}"
}

func name(pieces []Piece) string {
	for _, p := range pieces {
		if p.Name != "" {
			return p.Name
		}
	}
	return ""
}

func keepsEnvironment(before []string) bool {
	if len(before) == 0 {
		return true
	}
	cleared := regexp.MustCompile(`^(-|-[a-z]*i|--ignore-environment)$`)
	return keeps().MatchString(filepath.Base(before[0])) && !slices.ContainsFunc(before, cleared.MatchString)
}

// check rejects values that are not harmless in an argument that is code.
func (p *interpreter) check(pieces []Piece) error {
	code := named(pieces)
	for _, piece := range pieces {
		if piece.Name != "" && !p.harmless(code, "${"+piece.Name+"}", piece.Value) {
			return p.refused(piece.Name)
		}
	}
	return nil
}
