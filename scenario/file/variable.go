package file

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/safetext"
	"nodrop/scenario/action"
)

// variable is what ${NAME} stands for.
type variable struct {
	value string
	// shown is what texts show in its place: what the file says, or ${NAME} for
	// what --set and the environment say, which is not for everyone to read.
	shown string
	given bool // by --set or the environment
}

// maxText bounds a text with its variables put in, in bytes.
const maxText = 4 << 20

// written is a text of the file in pieces: its own, and variables.
type written []piece

type piece struct {
	text string
	name string // of a variable; "" for text
	variable
}

// expand finds the variables of a text.
func (r *reader) expand(text string) (written, error) {
	var w written
	size := 0
	for {
		before, rest, found := strings.Cut(text, "${")
		if !found {
			return append(w, piece{text: text}), nil
		}
		if escaped, ok := strings.CutSuffix(before, "$"); ok {
			w = append(w, piece{text: escaped + "${"})
			text = rest
			continue
		}
		name, rest, closed := strings.Cut(rest, "}")
		if !closed {
			return nil, fmt.Errorf("${%s is not closed", name)
		}
		v, ok := r.variable(name)
		if !ok {
			return nil, fmt.Errorf("${%s} is not set: give it with --set %s=…, in the environment or in vars", name, name)
		}
		if size += len(v.value); size > maxText {
			return nil, fmt.Errorf("with its variables put in it has more than %d bytes", maxText)
		}
		w = append(w, piece{text: before}, piece{name: name, variable: v})
		text = rest
	}
}

// variable is what --set says, or the variant, the environment or the file.
func (r *reader) variable(name string) (variable, bool) {
	r.used[name] = true
	if value, ok := r.options.Set[name]; ok {
		return r.given(name, value), true
	}
	if v, ok := r.set[name]; ok {
		return v, true
	}
	if r.options.LookupEnv != nil {
		if value, ok := r.options.LookupEnv(name); ok {
			return r.given(name, value), true
		}
	}
	v, ok := r.defaults[name]
	return v, ok
}

// given is a variable from outside of the file.
func (r *reader) given(name, value string) variable {
	if safetext.IsSecretName(name) || safetext.IsURL(value) {
		r.hide(name, value)
	}
	return variable{value, safetext.ShownVariable(name, value), true}
}

// own is a variable that the file itself gives a value. One that is called a
// secret is none to show either.
func (r *reader) own(name string, w written) variable {
	v := variable{value: w.value(), shown: w.shown()}
	if safetext.IsSecretName(name) {
		r.hide(name, v.value)
		v.shown = safetext.ShownVariable(name, v.value)
	}
	return v
}

// hide keeps what a variable holds out of texts.
func (r *reader) hide(name, value string) {
	key := [2]string{name, value}
	if r.hidden[key] {
		return
	}
	r.hidden[key] = true
	r.secrets.AddVariable(name, value)
}

// longEnough is how long a value must be to be taken for a secret for no other
// reason than where it is used.
const longEnough = 8

// hideAll keeps all that came from outside out of what is said of a node: it is
// said as the file has it. At most so many nodes are looked at: what is said of a
// large one is not about a value far below.
func (r *reader) hideAll(n *yaml.Node, nodes int) int {
	nodes--
	for _, child := range n.Content {
		if nodes <= 0 {
			return 0
		}
		nodes = r.hideAll(child, nodes)
	}
	if n.Kind != yaml.ScalarNode || !strings.Contains(n.Value, "${") {
		return nodes
	}
	w, _ := r.expand(n.Value) // as far as it can be
	for _, p := range w {
		if p.given {
			r.hide(p.name, p.value)
		}
	}
	return nodes
}

// hideIn keeps those variables of a text that may be secrets out of others: what
// came from outside, and is long enough for it.
func (r *reader) hideIn(w written) {
	w.eachPiece(func(p piece, leads bool) {
		if p.given && !leads && len(p.value) >= longEnough {
			r.hide(p.name, p.value)
		}
	})
}

// value is the text with its variables put in.
func (w written) value() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.text)
		b.WriteString(p.value)
	}
	return b.String()
}

// shown is the text as others may read it. What leads to the host of a URL is
// there in any case: it says what was loaded.
func (w written) shown() string {
	var b strings.Builder
	w.eachPiece(func(p piece, leads bool) {
		switch {
		case p.name == "":
			b.WriteString(p.text)
		case p.given && leads:
			b.WriteString(p.value)
		default:
			b.WriteString(p.shown)
		}
	})
	if safetext.IsURL(w.value()) {
		return safetext.MaskURL(b.String())
	}
	return safetext.MaskText(b.String())
}

// eachPiece also tells whether a piece is in what leads to the host of a URL.
func (w written) eachPiece(f func(p piece, leads bool)) {
	schemeTo, hostFrom, hostTo := host(w.value())
	at := 0
	for _, p := range w {
		end := at + len(p.text) + len(p.value)
		f(p, end <= schemeTo || hostFrom <= at && end <= hostTo)
		at = end
	}
}

// host is where a URL has its scheme and its host; 0 for what is none.
func host(text string) (schemeTo, hostFrom, hostTo int) {
	if !safetext.IsURL(text) {
		return 0, 0, 0
	}
	schemeTo = strings.Index(text, "://")
	hostFrom = schemeTo + len("://")
	hostTo = len(text)
	if i := strings.IndexAny(text[hostFrom:], "/?#"); i >= 0 {
		hostTo = hostFrom + i
	}
	return schemeTo, hostFrom + strings.LastIndexByte(text[hostFrom:hostTo], '@') + 1, hostTo
}

// line is the text as a line for the shell.
func (w written) line() (line string, env []string, err error) { return action.Line(w.pieces()) }

func (w written) pieces() []action.Piece {
	var pieces []action.Piece
	for _, p := range w {
		pieces = append(pieces, action.Piece{Text: p.text, Name: p.name, Value: p.value})
	}
	return pieces
}
