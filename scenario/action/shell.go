package action

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"mvdan.cc/sh/v3/syntax"

	"nodrop/loadgen/pattern"
)

// Piece is a part of a shell line: the author's text or, if Name is set, a
// variable.
type Piece struct{ Text, Name, Value string }

// variablePrefix begins the names of our variables in the environment of a
// shell, so that they do not overwrite existing ones.
const variablePrefix = "NODROP_VAR_"

// Line puts variables into a shell line as data. Their values are passed in the
// environment, so the shell never parses them as part of the line. Line
// rewrites the line so that variables also expand in single quotes and
// here-documents, as its author expects. If the line is a single variable and
// nothing else, its value is the command.
func Line(pieces []Piece) (line string, env []string, err error) {
	l := &shellLine{}
	var b strings.Builder
	for _, p := range pieces {
		if p.Name == "" {
			b.WriteString(p.Text)
			continue
		}
		b.WriteString(l.hole(p))
	}
	l.text = b.String()
	if len(l.variables) == 0 {
		return l.text, nil, nil
	}
	alone := strings.TrimSpace(l.text) == l.variables[0].hole
	switch {
	case runtime.GOOS == "windows" && alone:
		return l.variables[0].Value, nil, nil
	case runtime.GOOS == "windows":
		return l.delayed()
	case alone:
		return `eval "` + l.variables[0].hole + `"`, l.env(), nil
	}
	if l.text, err = l.quoted(); err == nil {
		err = l.check()
	}
	return l.text, l.env(), err
}

// shellLine is a shell line in which each variable is a hole: a reference to an
// environment variable.
type shellLine struct {
	text      string
	variables []variable
	assigned  map[string][]variable   // our variables that the line assigns to shell variables, by name of the latter
	functions map[string]*syntax.Stmt // functions that the line defines
}

type variable struct {
	Piece
	name string // in the environment
	hole string // in the line
}

var identifier = pattern.Lazy(`^[A-Za-z_][A-Za-z_0-9]*$`)

func (l *shellLine) hole(p Piece) string {
	i := slices.IndexFunc(l.variables, func(v variable) bool { return v.Name == p.Name })
	if i >= 0 {
		return l.variables[i].hole
	}
	name := variablePrefix + p.Name
	if !identifier().MatchString(p.Name) {
		name = fmt.Sprint(variablePrefix, len(l.variables))
	}
	l.variables = append(l.variables, variable{p, name, "${" + name + "}"})
	return l.variables[len(l.variables)-1].hole
}

func (l *shellLine) env() []string {
	var env []string
	for _, v := range l.variables {
		env = append(env, v.name+"="+v.Value)
	}
	return env
}

func (l *shellLine) in(text string) []variable {
	return slices.DeleteFunc(slices.Clone(l.variables), func(v variable) bool { return !strings.Contains(text, v.hole) })
}

// delayed returns the line for cmd, which expands !NAME! after it has parsed
// the line.
func (l *shellLine) delayed() (string, []string, error) {
	if strings.Contains(l.text, "!") {
		return "", nil, errors.New("a command that contains ! cannot use variables on Windows")
	}
	text := l.text
	for _, v := range l.variables {
		text = strings.ReplaceAll(text, v.hole, "!"+v.name+"!")
	}
	return text, l.env(), nil
}

func (l *shellLine) parse() (*syntax.File, error) {
	f, err := syntax.NewParser(syntax.Variant(syntax.LangBash), syntax.KeepComments(true)).Parse(strings.NewReader(l.text), "")
	if err == nil {
		return f, nil
	}
	reason := err.Error()
	for _, v := range l.variables {
		reason = strings.ReplaceAll(reason, v.hole, "${"+v.Name+"}")
	}
	return nil, fmt.Errorf("not a valid shell command: %s", reason)
}

type edit struct {
	from, to int
	text     string
}

// quoted opens single quotes around holes, where the shell would not expand
// them.
func (l *shellLine) quoted() (string, error) {
	f, err := l.parse()
	if err != nil {
		return "", err
	}
	var edits []edit
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.SglQuoted:
			if from, to := span(n); !n.Dollar && len(l.in(l.text[from:to])) > 0 {
				edits = append(edits, edit{from, to, l.openQuotes(l.text[from:to])})
			}
		case *syntax.Redirect:
			edits = append(edits, l.openDocument(n)...)
		}
		return true
	})
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	text := l.text
	for _, e := range edits {
		text = text[:e.from] + e.text + text[e.to:]
	}
	return text, nil
}

func span(n syntax.Node) (from, to int) { return int(n.Pos().Offset()), int(n.End().Offset()) } //nolint:gosec // within the line

func (l *shellLine) openQuotes(text string) string {
	for _, v := range l.variables {
		text = strings.ReplaceAll(text, v.hole, `'"`+v.hole+`"'`)
	}
	return text
}

// openDocument makes the shell expand the holes, and nothing else, in a
// here-document with a quoted delimiter.
func (l *shellLine) openDocument(r *syntax.Redirect) []edit {
	if r.Hdoc == nil || len(r.Hdoc.Parts) != 1 {
		return nil
	}
	body, plain := r.Hdoc.Parts[0].(*syntax.Lit)
	from, to := span(r.Word)
	end := strings.NewReplacer(`'`, "", `"`, "", `\`, "").Replace(l.text[from:to])
	if !plain || end == l.text[from:to] || len(l.in(body.Value)) == 0 {
		return nil
	}
	begin, _ := span(body)
	text := strings.NewReplacer(`\`, `\\`, "$", `\$`, "`", "\\`").Replace(body.Value)
	for _, v := range l.variables {
		text = strings.ReplaceAll(text, `\`+v.hole, v.hole)
	}
	return []edit{{from, to, end}, {begin, begin + len(body.Value), text}}
}

// check rejects holes that the shell would not expand, and values that this
// shell or one it starts would read as code.
func (l *shellLine) check() error {
	f, err := l.parse()
	if err != nil {
		return err
	}
	l.follow(f)
	expanded := map[string]int{}
	var first error
	keep := func(err error) {
		if first == nil {
			first = err
		}
	}
	syntax.Walk(f, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.ParamExp:
			if n.Param != nil {
				expanded["${"+n.Param.Value+"}"]++
			}
			keep(l.index(n))
		case *syntax.Comment:
			for _, v := range l.in(n.Text) {
				expanded[v.hole] += strings.Count(n.Text, v.hole)
			}
		case *syntax.ArithmExp, *syntax.ArithmCmd, *syntax.LetClause:
			keep(l.onlyNumbers(n))
		case *syntax.BinaryTest:
			if n.Op >= syntax.TsEql && n.Op <= syntax.TsGtr {
				keep(l.onlyNumbers(n))
			}
		case *syntax.CallExpr:
			keep(l.innerCode(n))
			keep(l.named(n))
		case *syntax.DeclClause, *syntax.UnaryTest:
			keep(l.named(n))
		case *syntax.Stmt:
			keep(l.redirected(n))
		case *syntax.BinaryCmd:
			keep(l.piped(n))
		case *syntax.ProcSubst:
			keep(l.substituted(f, n))
		}
		return true
	})
	for _, v := range l.variables {
		if expanded[v.hole] != strings.Count(l.text, v.hole) {
			keep(fmt.Errorf("the shell would not expand ${%[1]s} here: put it in double quotes, or write $${%[1]s} for a shell variable", v.Name))
		}
	}
	return first
}

var (
	number   = pattern.Lazy(`^-?[0-9]+$`)
	harmless = pattern.Lazy(`^[A-Za-z0-9_./:@%+=,-]*$`)
)

// onlyNumbers rejects values other than whole numbers in arithmetic, where the
// shell evaluates them.
func (l *shellLine) onlyNumbers(n syntax.Node) error {
	from, to := span(n)
	for _, v := range l.in(l.text[from:to]) {
		if !number().MatchString(v.Value) {
			return fmt.Errorf("${%s} is used in shell arithmetic, but its value is not a whole number", v.Name)
		}
	}
	return nil
}

// index rejects values that the shell would evaluate between brackets.
func (l *shellLine) index(n *syntax.ParamExp) error {
	if n.Index == nil && n.Slice == nil {
		return nil
	}
	from, to := span(n)
	for _, v := range l.in(l.text[from:to]) {
		if !harmless().MatchString(v.Value) {
			return fmt.Errorf("${%s} is used in shell arithmetic, but its value is not a whole number", v.Name)
		}
	}
	return nil
}
