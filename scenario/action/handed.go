package action

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// follow finds which variables of the shell's own hold others, and its functions.
func (l *shellLine) follow(f *syntax.File) {
	l.assigned, l.functions = map[string][]variable{}, map[string]*syntax.Stmt{}
	syntax.Walk(f, func(n syntax.Node) bool {
		if n, ok := n.(*syntax.FuncDecl); ok && n.Name != nil {
			l.functions[n.Name.Value] = n.Body
		}
		return true
	})
	for range 3 { // also those that are given before they are
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

// readBy follows a text to the variables that the shell reads it into.
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

// repeats is whether a command gives what it is given.
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

// named refuses values where the shell takes the name of a variable, which it
// evaluates if there are brackets in it.
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
				return fmt.Errorf("${%s} stands where the shell takes the name of a variable, and is none", v.Name)
			}
		}
	}
	return nil
}

// calculates is whether variables are declared as numbers.
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

// held are the variables that the shell expands in a part of the line; not those
// of which a command makes something else, where that is asked.
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

// words are those of a command, without quotes. A variable that is all of one is
// what it holds.
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

// isAll is whether a word is the variable, in whatever quotes, and nothing else.
func (v variable) isAll(word string) bool {
	quoted := `"` + v.hole + `"`
	return word == v.hole || word == quoted || word == "''"+quoted+"''"
}

// innerCode refuses values that would become code of a program that the line
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

// flagged refuses values that would become flags, or more words than one, among
// those that an interpreter takes its code from, and a file of code that has them.
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

// substitution refuses values in commands whose output is a file for an
// interpreter.
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

// handed refuses values in what an interpreter reads as code.
func (l *shellLine) handed(part syntax.Node, p *interpreter) error {
	for _, v := range l.held(part, false) {
		if !harmless().MatchString(v.Value) {
			return p.refusedInput(v.Name)
		}
	}
	return nil
}

// reader is the interpreter in a part of the line that takes the standard input
// for code, nil for none.
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
			delete(l.functions, words[0]) // it may call itself
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

// redirected is about here-documents, here-strings and the output of commands.
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

// substituted is about what is written to an interpreter as to a file.
func (l *shellLine) substituted(f *syntax.File, n *syntax.ProcSubst) error {
	if n.Op != syntax.CmdOut {
		return nil
	}
	if p := l.reader(n); p != nil {
		return l.handed(f, p)
	}
	return nil
}

// keeps are programs that start another with their own environment.
var keeps = lazily(`^(env|timeout|nice|nohup|ionice|setsid|stdbuf|xargs|time|chrt|taskset)$`)

// Arguments puts variables into a list of arguments. What is code for a shell
// among them is a line as any other; what is code for another program, or for a
// shell that may have another environment, takes harmless values only. With an
// error, bad is the argument that it is about.
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

// values are the text of pieces, and the same with ${NAME} in it, unless a
// variable is all of it.
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

// alone is whether a variable is all of a text.
func alone(pieces []Piece) bool {
	n := name(pieces)
	return n != "" && named(pieces) == "${"+n+"}"
}

// name is that of the first variable.
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

// check is for code that is an argument.
func (p *interpreter) check(pieces []Piece) error {
	code := named(pieces)
	for _, piece := range pieces {
		if piece.Name != "" && !p.harmless(code, "${"+piece.Name+"}", piece.Value) {
			return p.refused(piece.Name)
		}
	}
	return nil
}
