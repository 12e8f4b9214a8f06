package file

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
	"nodrop/scenario/action"
)

type actionKind struct {
	name string // the key in a step
	read func(r *reader, n *yaml.Node, in *place) scenario.Action
	// labelled says that its errors do not name the step. Outside the timeline,
	// where no mark names it either, they are prefixed with its name.
	labelled bool
}

type place struct {
	part    string         // of the scenario: setup, gate, timeline or restore
	step    *scenario.Step // as far as it has been read
	started *started
}

// actionKinds lists all kinds, in the order in which messages list them.
var actionKinds = []actionKind{
	{name: "exec", read: (*reader).execIn, labelled: true},
	{name: "signal", read: func(r *reader, n *yaml.Node, in *place) scenario.Action { return r.signal(n, in.started) }},
	{name: "start", read: func(r *reader, n *yaml.Node, in *place) scenario.Action {
		return r.startNamed(n, in.step.Name, in.started)
	}},
	{name: "stop", read: func(r *reader, n *yaml.Node, in *place) scenario.Action { return r.stop(n, in.started) }},
	{name: "http", read: (*reader).httpIn},
	{name: "wait", read: func(r *reader, n *yaml.Node, _ *place) scenario.Action { return r.wait(n) }},
	{name: "mark", read: (*reader).markIn},
	{name: "lab", read: func(r *reader, n *yaml.Node, in *place) scenario.Action { return r.lab(n, in.part, in.started) }},
	{name: "kube", read: func(r *reader, n *yaml.Node, in *place) scenario.Action { return r.kube(n, in.part) }},
	{name: "asm", read: func(r *reader, n *yaml.Node, in *place) scenario.Action { return r.asm(n, in.part) }},
}

func namesOf(list []actionKind) []string {
	var names []string
	for _, k := range list {
		names = append(names, k.name)
	}
	return names
}

func (r *reader) step(n *yaml.Node, part string, started *started) scenario.Step {
	var s scenario.Step
	var nodes []*yaml.Node // of the step's actions
	var given []actionKind
	timed := false
	list := []field{{"name", func(n *yaml.Node) { s.Name = r.name(n, "name") }}}
	if part == "timeline" {
		list = append(
			list,
			field{"at", func(n *yaml.Node) { s.At, timed = r.at(n), true }},
			field{"after", func(n *yaml.Node) { s.After, s.Delay = r.after(n) }},
			field{"of", func(n *yaml.Node) { s.Stream = r.plain(n, "of") }},
		)
	}
	for _, k := range actionKinds {
		list = append(list, field{k.name, func(n *yaml.Node) { nodes, given = append(nodes, n), append(given, k) }})
	}
	before := len(r.faults)
	r.mapping(n, "a "+part+" step", list)
	switch {
	case len(r.faults) > before && len(nodes) == 0:
		return s
	case len(nodes) == 0:
		r.fault(n, "a step needs an action: %s", strings.Join(namesOf(actionKinds), ", "))
		return s
	case len(nodes) > 1:
		r.fault(n, "a step has one action, not %s", strings.Join(namesOf(given), " and "))
		return s
	case part == "timeline" && !timed && s.After == "":
		r.fault(n, "a timeline step needs at or after")
	case timed && s.After != "":
		r.fault(n, "a step needs at or after, not both")
	case s.After != "" && s.Stream != "":
		r.fault(n, "of works only with at, not with after")
	}
	s.Action = r.action(given[0], nodes[0], &place{part, &s, started})
	return s
}

// action reads an action. A step without a name takes the action's.
func (r *reader) action(k actionKind, n *yaml.Node, in *place) scenario.Action {
	a := k.read(r, n, in)
	in.step.Name = cmp.Or(in.step.Name, a.String())
	if k.labelled && in.part != "timeline" {
		a = labelled{a, scenario.OneLine(r.shown(in.step.Name))}
	}
	return a
}

// execIn reads a command. In restore it cannot have an undo.
func (r *reader) execIn(n *yaml.Node, in *place) scenario.Action {
	if in.part == "restore" {
		return r.lastExec(n, in.part)
	}
	return r.exec(n)
}

// httpIn reads a request. In restore it cannot have an undo.
func (r *reader) httpIn(n *yaml.Node, in *place) scenario.Action {
	if in.part == "restore" {
		return r.lastHTTP(n, in.part)
	}
	return r.http(n)
}

// markIn reads a mark: its name, or what happens to an endpoint. A step without a
// name takes the mark's.
func (r *reader) markIn(n *yaml.Node, in *place) scenario.Action {
	if n.Kind == yaml.MappingNode {
		return r.endpointMark(n, in.part)
	}
	in.step.Name = cmp.Or(in.step.Name, r.name(n, "mark"))
	return action.Mark{}
}

// startNamed reads a start. Its process takes the name of the step.
func (r *reader) startNamed(n *yaml.Node, name string, started *started) *action.Start {
	if name == "" {
		r.fault(n, "start: the step needs a name, which becomes the name of the process")
	}
	if started.processes[name] {
		r.fault(n, "start: an earlier step already starts a process %q", name)
	}
	started.processes[name] = true
	return r.start(n, r.shown(name))
}

// command returns the fields that exec and start share.
func (r *reader) command(c *action.Command) []field {
	return []field{
		{"shell", func(n *yaml.Node) { r.shell(n, "shell", c) }},
		{"argv", func(n *yaml.Node) { r.argv(n, "argv", c) }},
		{"env", func(n *yaml.Node) {
			if r.is(n, yaml.MappingNode, "env") {
				r.pairs(n, func(key string, _, value *yaml.Node) { c.Env = append(c.Env, key+"="+r.text(value, "env."+key)) })
			}
		}},
		{"dir", func(n *yaml.Node) { c.Dir = r.plain(n, "dir") }},
	}
}

// shell reads a shell line. The values of variables are data to it.
func (r *reader) shell(n *yaml.Node, what string, c *action.Command) {
	w := r.written(n, what)
	line, env, err := w.line()
	if err != nil {
		r.fault(n, "%s: %v", what, err)
	}
	c.Shell, c.Env = line, append(c.Env, env...)
	c.Title = titled(w.shown(), line)
}

// argv reads a list of arguments. An argument that is code for a shell is
// treated like any shell line.
func (r *reader) argv(n *yaml.Node, what string, c *action.Command) {
	var list [][]action.Piece
	var shown []string
	r.list(n, what, func(item *yaml.Node) {
		w := r.open(item, "an item of "+what)
		if len(list) > 0 { // the program itself is no secret
			r.hideIn(w)
		}
		list, shown = append(list, w.pieces()), append(shown, w.shown())
	})
	argv, env, bad, err := action.Arguments(list)
	if err != nil {
		r.fault(n.Content[bad], "%s: %v", what, err)
	}
	c.Argv, c.Env = argv, append(c.Env, env...)
	c.Title = titled(safetext.MaskText(strings.Join(shown, " ")), strings.Join(c.Argv, " "))
}

// titled returns the name of a command for messages, or "" if that is the
// command itself.
func titled(shown, command string) string {
	if shown == command {
		return ""
	}
	return shown
}

func (r *reader) checkCommand(n *yaml.Node, what string, c *action.Command, before int) {
	switch {
	case len(r.faults) > before: // a field that seems to be missing may have been rejected
	case c.Shell == "" && len(c.Argv) == 0:
		r.fault(n, "%s needs shell (a line) or argv (a list)", what)
	case c.Shell != "" && len(c.Argv) > 0:
		r.fault(n, "%s needs shell or argv, not both", what)
	}
}

// exec reads a shell line, a list of arguments, or a mapping.
func (r *reader) exec(n *yaml.Node) *action.Exec {
	e, before := &action.Exec{}, len(r.faults)
	switch n.Kind {
	case yaml.ScalarNode:
		r.shell(n, "exec", &e.Command)
	case yaml.SequenceNode:
		r.argv(n, "exec", &e.Command)
	default:
		r.mapping(n, "exec", append(r.command(&e.Command),
			field{"timeout", func(n *yaml.Node) { e.Timeout = r.duration(n, "timeout", time.Millisecond) }},
			field{"undo", func(n *yaml.Node) { e.UndoBy = r.lastExec(n, "undo") }},
			field{"still", func(n *yaml.Node) { e.Still = r.lastExec(n, "still") }},
		))
	}
	r.checkCommand(n, "exec", &e.Command, before)
	if e.Still != nil && e.UndoBy == nil && len(r.faults) == before {
		r.fault(n, "exec: still needs undo: it decides whether undo runs")
	}
	return e
}

// lastExec reads a command that must not have an undo, because the field it
// belongs to is never undone.
func (r *reader) lastExec(n *yaml.Node, what string) *action.Exec {
	e := r.exec(n)
	if e.UndoBy != nil {
		r.fault(n, "%s: undo is not allowed here", what)
	}
	return e
}

// lastHTTP reads a request that must not have an undo.
func (r *reader) lastHTTP(n *yaml.Node, what string) *action.HTTP {
	h := r.http(n)
	if h.UndoBy != nil {
		r.fault(n, "%s: undo is not allowed here", what)
	}
	return h
}

func (r *reader) signal(n *yaml.Node, started *started) *action.Signal {
	s, before := &action.Signal{}, len(r.faults)
	r.mapping(n, "signal", []field{
		{"name", func(n *yaml.Node) { s.Name = r.signalName(n) }},
		{"pid", func(n *yaml.Node) { s.PID = r.number(n, "pid", 2, 1<<30) }},
		{"pid-file", func(n *yaml.Node) { s.PIDFile = r.plain(n, "pid-file") }},
		{"process", func(n *yaml.Node) { s.Process = r.process(n, started) }},
		{"gone", func(n *yaml.Node) { s.Gone = r.duration(n, "gone", time.Millisecond) }},
	})
	given := 0
	for _, is := range []bool{s.PID != 0, s.PIDFile != "", s.Process != ""} {
		if is {
			given++
		}
	}
	if given != 1 && len(r.faults) == before {
		r.fault(n, "signal needs exactly one of process, pid and pid-file")
	}
	return s
}

func (r *reader) signalName(n *yaml.Node) string {
	name := r.plain(n, "a signal name")
	if name == "" {
		return ""
	}
	if err := action.CheckSignal(name); err != nil {
		r.fault(n, "%v", err)
	}
	return name
}

// process reads the name of a process that an earlier step starts.
func (r *reader) process(n *yaml.Node, started *started) string {
	name := r.plain(n, "process")
	if name != "" && !started.processes[name] {
		var names []string
		for known := range started.processes {
			names = append(names, known)
		}
		slices.Sort(names)
		r.fault(n, "no earlier step starts a process %q%s", name, r.didYouMean(name, names))
	}
	return r.shown(name)
}

func (r *reader) start(n *yaml.Node, name string) *action.Start {
	s, before := &action.Start{Name: name}, len(r.faults)
	r.mapping(n, "start", append(r.command(&s.Command),
		field{"ready", func(n *yaml.Node) { s.Ready = r.probe(n, "ready", "tcp", "http", "exec", "line") }},
		field{"stop", func(n *yaml.Node) { s.Stop = r.signalName(n) }},
		field{"grace", func(n *yaml.Node) { s.Grace = r.duration(n, "grace", time.Millisecond) }},
	))
	r.checkCommand(n, "start", &s.Command, before)
	return s
}

func (r *reader) stop(n *yaml.Node, started *started) *action.Stop {
	s, before := &action.Stop{}, len(r.faults)
	if n.Kind == yaml.ScalarNode {
		s.Process = r.process(n, started)
		return s
	}
	r.mapping(n, "stop", []field{
		{"process", func(n *yaml.Node) { s.Process = r.process(n, started) }},
		{"pre-stop", func(n *yaml.Node) { s.PreStop = r.lastExec(n, "pre-stop") }},
		{"signal", func(n *yaml.Node) { s.Signal = r.signalName(n) }},
		{"grace", func(n *yaml.Node) { s.Grace = r.duration(n, "grace", time.Millisecond) }},
	})
	if s.Process == "" && len(r.faults) == before {
		r.fault(n, "stop needs a process")
	}
	return s
}

func (r *reader) http(n *yaml.Node) *action.HTTP {
	h, before := &action.HTTP{}, len(r.faults)
	if n.Kind == yaml.ScalarNode {
		r.url(n, "http", h)
		return h
	}
	r.mapping(n, "http", []field{
		{"method", func(n *yaml.Node) { h.Method = strings.ToUpper(r.plain(n, "method")) }},
		{"url", func(n *yaml.Node) { r.url(n, "url", h) }},
		{"headers", func(n *yaml.Node) {
			if r.is(n, yaml.MappingNode, "headers") {
				r.pairs(n, func(key string, _, value *yaml.Node) { h.Header = append(h.Header, key+": "+r.text(value, "headers")) })
			}
		}},
		{"body", func(n *yaml.Node) { h.Body = r.text(n, "body") }},
		{"status", func(n *yaml.Node) {
			h.Status = record.StatusSet(r.plain(n, "status"))
			if bits, err := h.Status.Compile(); h.Status != "" && (err != nil || bits[record.NoStatus]) {
				r.fault(n, "status: %q is not a status (200), a group (2xx) or a range (200-299)", string(h.Status))
			}
		}},
		{"timeout", func(n *yaml.Node) { h.Timeout = r.duration(n, "timeout", time.Millisecond) }},
		{"undo", func(n *yaml.Node) { h.UndoBy = r.lastHTTP(n, "undo") }},
		{"still", func(n *yaml.Node) { h.Still = r.lastHTTP(n, "still") }},
	})
	switch {
	case len(r.faults) > before:
	case h.URL == "":
		r.fault(n, "http needs a url")
	case h.Still != nil && h.UndoBy == nil:
		r.fault(n, "http: still needs undo: it decides whether undo runs")
	}
	return h
}

func (r *reader) url(n *yaml.Node, what string, h *action.HTTP) {
	w := r.written(n, what)
	h.URL = w.value()
	h.Title = titled(w.shown(), h.URL)
}

// probe reads a mapping with exactly one of the checks in kinds.
func (r *reader) probe(n *yaml.Node, what string, kinds ...string) action.Probe {
	var p action.Probe
	given, before := 0, len(r.faults)
	ways := map[string]func(n *yaml.Node){
		"tcp":  func(n *yaml.Node) { p.TCP = r.plain(n, "tcp") },
		"http": func(n *yaml.Node) { p.HTTP = r.lastHTTP(n, what) },
		"exec": func(n *yaml.Node) { p.Exec = r.lastExec(n, what) },
		"line": func(n *yaml.Node) { p.Line = r.text(n, "line") },
	}
	list := []field{
		{"every", func(n *yaml.Node) { p.Every = r.duration(n, "every", time.Millisecond) }},
		{"timeout", func(n *yaml.Node) { p.Timeout = r.duration(n, "timeout", time.Millisecond) }},
	}
	for _, kind := range kinds {
		list = append(list, field{kind, func(n *yaml.Node) {
			given++
			ways[kind](n)
		}})
	}
	r.mapping(n, what, list)
	if given != 1 && len(r.faults) == before {
		r.fault(n, "%s needs exactly one of %s", what, strings.Join(kinds, ", "))
	}
	return p
}

func (r *reader) wait(n *yaml.Node) *action.Wait {
	if n.Kind == yaml.ScalarNode {
		return &action.Wait{For: r.duration(n, "wait", time.Millisecond)}
	}
	return &action.Wait{Until: r.probe(n, "wait", "tcp", "http", "exec")}
}
