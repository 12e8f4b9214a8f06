package file

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/safetext"
	"nodrop/scenario/action"
)

type variable struct {
	value string
	// shown replaces the value in messages: the value from the file, or ${NAME}
	// for values from --set and the environment, which may be private.
	shown string
	given bool // by --set or the environment
}

// maxText is the maximum length of a text with its variables replaced, in
// bytes.
const maxText = 4 << 20

// written is a text of the file, split into literal pieces and variables.
type written []piece

type piece struct {
	text string
	name string // of the variable; "" for literal text
	variable
}

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
			return nil, fmt.Errorf("missing } after ${%s", name)
		}
		v, ok := r.variable(name)
		if !ok {
			return nil, fmt.Errorf("${%s} is not set: set it with --set %s=…, in the environment or under vars", name, name)
		}
		if size += len(v.value); size > maxText {
			return nil, fmt.Errorf("longer than %d bytes once its variables are expanded", maxText)
		}
		w = append(w, piece{text: before}, piece{name: name, variable: v})
		text = rest
	}
}

// variable looks a name up in --set, the variant, the environment and the
// file's vars, in this order.
func (r *reader) variable(name string) (variable, bool) {
	r.used[name] = true
	if r.search != nil && name == r.search.Var {
		return r.tried(), true
	}
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

// given returns a variable from --set or the environment.
func (r *reader) given(name, value string) variable {
	if safetext.IsSecretName(name) || safetext.IsURL(value) {
		r.hide(name, value)
	}
	return variable{value, safetext.ShownVariable(name, value), true}
}

// own returns a variable that the file defines. If its name says that it is a
// secret, messages do not show it either.
func (r *reader) own(name string, w written) variable {
	v := variable{value: w.value(), shown: w.shown()}
	if safetext.IsSecretName(name) {
		r.hide(name, v.value)
		v.shown = safetext.ShownVariable(name, v.value)
	}
	return v
}

// hide masks the value of a variable in messages.
func (r *reader) hide(name, value string) {
	key := [2]string{name, value}
	if r.hidden[key] {
		return
	}
	r.hidden[key] = true
	r.secrets.AddVariable(name, value)
}

// longEnough is the minimum length of a value from outside the file to be
// treated as a secret only because of where it is used.
const longEnough = 8

// hideAll masks all values from outside the file in messages about n, which
// then show the text of the file. It visits at most the given number of nodes:
// a message about a large node does not quote a value deep inside it.
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
	w, _ := r.expand(n.Value) // on error, as far as it was expanded
	for _, p := range w {
		if p.given {
			r.hide(p.name, p.value)
		}
	}
	return nodes
}

// hideIn masks, in all messages, the variables of a text that may be secrets:
// values from outside the file that are long enough and not part of a URL's
// scheme or host.
func (r *reader) hideIn(w written) {
	w.eachPiece(func(p piece, leads bool) {
		if p.given && !leads && len(p.value) >= longEnough {
			r.hide(p.name, p.value)
		}
	})
}

func (w written) value() string {
	var b strings.Builder
	for _, p := range w {
		b.WriteString(p.text)
		b.WriteString(p.value)
	}
	return b.String()
}

// shown returns the text for messages. Variables in the scheme or host of a URL
// stay visible: reports need to say what was loaded.
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

// eachPiece calls f for each piece. leads says whether the piece lies within
// the scheme or the host of a URL.
func (w written) eachPiece(f func(p piece, leads bool)) {
	schemeTo, hostFrom, hostTo := host(w.value())
	at := 0
	for _, p := range w {
		end := at + len(p.text) + len(p.value)
		f(p, end <= schemeTo || hostFrom <= at && end <= hostTo)
		at = end
	}
}

// host returns the positions of the scheme and host of a URL; 0 if text is not
// a URL.
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

func (w written) line() (line string, env []string, err error) { return action.Line(w.pieces()) }

func (w written) pieces() []action.Piece {
	var pieces []action.Piece
	for _, p := range w {
		pieces = append(pieces, action.Piece{Text: p.text, Name: p.name, Value: p.value})
	}
	return pieces
}
