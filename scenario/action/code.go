package action

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"nodrop/loadgen/pattern"
)

// interpreter describes a program that takes code from its command line or
// input.
type interpreter struct {
	name    *regexp.Regexp
	flag    *regexp.Regexp // flag for code, which follows in the same word or the next
	script  *regexp.Regexp // flag for a file of code
	values  map[string]int // number of words that other flags take
	mixed   bool           // flags may follow operands
	operand int            // index from 1 of the operand that is code if that flag is absent; 0 means none
	rest    bool           // all operands after it are code, too
	stdin   int            // with fewer operands than this, standard input is code; 0 means never
	shell   bool           // with the flag, the first operand is code
	builtin bool           // a shell builtin: must be the first word
	edits   bool           // its code contains delimiters, and a command to run may follow one
	letters bool           // its commands are single letters
	instead string         // hint: how to pass a value instead, with ${} for the variable
}

// many exceeds the number of operands of any command.
const many = 1 << 30

// How to pass values to programs other than shells.
const (
	byArgument    = `pass it as an argument, as in sh -c 'echo "$1"' sh "${}"`
	byEnvironment = `pass it in the environment, with env or as NAME="${}" before the command, and read NAME in the code`
	byInput       = `pass it on standard input, as in printf '%s\n' "${}" | ssh host 'read -r x; echo "$x"'`
)

// interpreters returns the table of interpreters. It is built on first use: its
// patterns are large, and most runs have no commands.
var interpreters = sync.OnceValue(func() []interpreter {
	return []interpreter{
		{name: program(`(|ba|da|a|k|mk|z|c|tc|fi)sh`), flag: flags(`-[A-Za-z]*c[A-Za-z]*$`), values: takes("-o", "+o", "-O", "+O", "--rcfile", "--init-file"), stdin: 1, shell: true, instead: byArgument},
		{name: program(`(su|runuser)`), flag: flags(`-[a-z]*c|--(session-)?command=?`), values: takes("-s", "--shell", "-g", "-G", "-w"), mixed: true, stdin: many, instead: byEnvironment},
		{name: program(`(script|flock|sg)`), flag: flags(`-[a-z]*c|--command=?`), mixed: true, instead: byEnvironment},
		{name: program(`(sudo|doas)`), flag: flags(`-[si]$`), values: takes("-u", "-g"), operand: many, stdin: 1, shell: true, instead: byArgument},
		{name: program(`eval`), builtin: true, operand: 1, rest: true, instead: byArgument},
		{name: program(`trap`), builtin: true, operand: 1, instead: `keep it in a shell variable, as in x="${}"; trap 'echo "$x"' EXIT`},
		{name: program(`(watch|parallel)`), values: takes("-n", "--interval", "-j"), operand: 1, rest: true, instead: byEnvironment},
		{name: program(`ssh`), values: takes("-b", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-o", "-p", "-R", "-S", "-W", "-w"), operand: 2, rest: true, stdin: 2, instead: byInput},
		{name: program(`(source|\.)`), builtin: true, stdin: 1, instead: byEnvironment},
		{name: program(`(at|batch|crontab|ed|tclsh)`), stdin: many, instead: byEnvironment},
		{name: program(`m4`), stdin: many, instead: byEnvironment},
		{name: program(`g?make`), script: flags(`(-f|--file|--makefile)$`), values: takes("-C", "-I", "-j", "-o", "-W"), mixed: true, operand: 1, rest: true, instead: `pass it in the environment, and read $$NAME in the recipe`},
		{name: program(`env`), flag: flags(`-S|--split-string=?`), instead: byEnvironment},
		{name: program(`[gmn]?awk`), flag: flags(`-e|--source=?`), script: flags(`(-f|-E|--file|--exec)$`), values: takes("-v", "-F", "-i", "-l", "--assign"), operand: 1, instead: `pass it in the environment, as in NAME="${}" awk 'BEGIN {print ENVIRON["NAME"]}', or with -v`},
		{name: program(`g?sed`), flag: flags(`-[A-Za-z]*e|--expression=?`), script: flags(`(-[A-Za-z]*f|--file)$`), values: takes("-l"), mixed: true, edits: true, letters: true, operand: 1, instead: `use awk instead and pass it in the environment, as in NAME="${}" awk '{print ENVIRON["NAME"]}'`},
		{name: program(`[gj]q|yq`), script: flags(`(-f|--from-file)$`), values: map[string]int{"--arg": 2, "--argjson": 2, "--slurpfile": 2, "--rawfile": 2, "-L": 1, "--indent": 1}, mixed: true, operand: 1, instead: `pass it with --arg, as in jq --arg x "${}" '.name == $x'`},
		{name: program(`(python|pypy)[0-9.]*`), flag: flags(`-[A-Za-z]*c`), script: flags(`-m$`), values: takes("-W", "-X"), stdin: 1, instead: byEnvironment},
		{name: program(`(perl|ruby)[0-9.]*`), flag: flags(`-[A-Za-z0-9]*[eE]`), edits: true, stdin: 1, instead: byEnvironment},
		{name: program(`(node|nodejs|bun|lua|luajit|Rscript|R|osascript)[0-9.]*`), flag: flags(`-[ip]*[ep]|--eval=?|--print=?`), values: takes("-r", "--require", "-l"), stdin: 1, instead: byEnvironment},
		{name: program(`php[0-9.]*`), flag: flags(`-[rRBE]|--run|--process-code`), script: flags(`(-f|--file)$`), values: takes("-d"), stdin: 1, instead: byEnvironment},
		{name: program(`(expect|ex|vi|vim|nvim)`), flag: flags(`-c|\+|--cmd`), script: flags(`-f$`), mixed: true, stdin: many, instead: byEnvironment},
		{name: program(`gdb`), flag: flags(`-ex|--?eval-command=?`), mixed: true, stdin: many, instead: byEnvironment},
		{name: program(`(pwsh|powershell)(\.exe)?`), flag: flags(`-(c|C|command|Command)$`), rest: true, stdin: 1, instead: byEnvironment},
		{name: program(`(psql|mysql|mariadb|mongosh|clickhouse-client)`), flag: flags(`-[1AaBNnqrstx]*[ceq]|--(command|execute|eval|query)=?`), script: flags(`(-f|--file)$`), values: takes("-v", "--set", "-h", "-p", "-U", "-d", "-u", "-P", "-D"), mixed: true, stdin: many, instead: `pass it as a variable, as in psql -v x="${}" with :'x' in a script file, or in the environment`},
		{name: program(`sqlite3`), flag: flags(`--?cmd`), values: takes("-init", "-separator"), operand: 2, rest: true, stdin: 2, instead: byEnvironment},
	}
})

// inert matches programs that never run code from their arguments.
var inert = pattern.Lazy(`^(echo|printf|[ef]?grep|pgrep|pkill|killall|which|type|test|\[|logger|man|rm|rmdir|mkdir|ls|cat|tee|touch|cp|mv|ln|kill|export|read|set|cd)$`)

func program(name string) *regexp.Regexp { return regexp.MustCompile(`^(` + name + `)$`) }

func flags(flag string) *regexp.Regexp { return regexp.MustCompile(`^(` + flag + `)`) }

// takes lists flags whose value is the next word.
func takes(flags ...string) map[string]int {
	m := map[string]int{}
	for _, f := range flags {
		m[f] = 1
	}
	return m
}

// use describes which words of a command an interpreter reads as code.
type use struct {
	*interpreter
	at     int   // index of the interpreter's own word
	flags  []int // indexes of words it may read as flags
	code   []int // indexes of words it reads as code
	script int   // index of the word that names a file of code; 0 means none
	end    int   // index after the words that it interprets; the rest is data
	stdin  bool

	operands     []int
	given, asked bool // whether code was given, and whether standard input was requested
}

// uses lists the interpreters of a command. There may be several: programs such
// as sudo, timeout or ssh start others.
func uses(words []string) []use {
	var list []use
	if len(words) == 0 || inert().MatchString(filepath.Base(words[0])) {
		return nil
	}
	table := interpreters()
	for i, word := range words {
		at := slices.IndexFunc(table, func(p interpreter) bool { return p.name.MatchString(filepath.Base(word)) })
		if at < 0 || table[at].builtin && i > 0 && words[i-1] != "command" && words[i-1] != "builtin" {
			continue
		}
		u := use{interpreter: &table[at], at: i}
		u.read(words)
		u.settle(len(words))
		if list = append(list, u); !u.passes() {
			break // the remaining words are arguments of its code
		}
	}
	return list
}

// passes reports whether the remaining words may start another interpreter.
func (u *use) passes() bool {
	return u.rest || u.operand == many || len(u.code) == 0 && (!u.stdin || u.interpreter.stdin == many)
}

func (u *use) read(words []string) {
	for j := u.at + 1; j < len(words); j++ {
		u.end = j
		if words[j] == "--" || !u.mixed && len(u.operands) > 0 {
			if words[j] == "--" {
				j++
			}
			for ; j < len(words); j++ {
				u.operands = append(u.operands, j)
			}
			return
		}
		j = u.word(words, j)
	}
	u.end = len(words)
}

// word classifies the word at j and returns the index of the last word that
// belongs to it.
func (u *use) word(words []string, j int) int {
	word := words[j]
	u.flags = append(u.flags, j)
	switch found := u.flagIn(word); {
	case found != "":
		u.given = true
		if u.shell {
			return j
		}
		if found != word {
			u.code = append(u.code, j)
			return j
		}
		u.code = append(u.code, j+1)
		if j+1 < len(words) && !strings.HasPrefix(words[j+1], "-") {
			return j + 1
		}
	case u.interpreter.script != nil && u.interpreter.script.MatchString(word):
		u.given = true
		u.script = j + 1
		u.asked = u.asked || j+1 < len(words) && isInput(words[j+1])
		return j + 1
	case u.values[word] > 0:
		return j + u.values[word]
	case u.shell && isSetting(word, 's'), isInput(word):
		u.asked = true
	case !strings.HasPrefix(word, "-") && (!u.shell || !strings.HasPrefix(word, "+")):
		u.operands = append(u.operands, j)
	}
	return j
}

// settle decides which of the classified words are code.
func (u *use) settle(words int) {
	switch {
	case u.operand == many:
		u.stdin = u.given && len(u.operands) == 0
		return
	case u.shell && u.given:
		u.code = u.operands[:min(1, len(u.operands))]
		u.stdin = len(u.operands) == 0
	case u.given:
		u.code = slices.DeleteFunc(u.code, func(j int) bool { return j >= words })
		u.stdin = u.asked
	case u.operand > 0 && len(u.operands) >= u.operand:
		u.code = u.operands[u.operand-1:]
		if !u.rest {
			u.code = u.code[:1]
		}
	default:
		u.stdin = u.interpreter.stdin > 0 && (u.asked || len(u.operands) < u.interpreter.stdin)
		if u.interpreter.stdin > 0 && !u.mixed && len(u.operands) > 0 {
			u.script = u.operands[0]
		}
	}
}

func (p *interpreter) flagIn(word string) string {
	if p.flag == nil {
		return ""
	}
	return p.flag.FindString(word)
}

// isSetting reports whether word is a group of single-letter options that
// includes letter.
func isSetting(word string, letter byte) bool {
	return len(word) > 1 && word[0] == '-' && word[1] != '-' && strings.IndexByte(word, letter) > 0
}

var input = pattern.Lazy(`^(-|/dev/stdin|/(dev|proc/self)/fd/[0-9]+)$`)

func isInput(word string) bool { return input().MatchString(word) }

// readsInput returns the interpreter that reads the command's standard input as
// code, or nil.
func readsInput(words []string) *interpreter {
	list := uses(words)
	for _, u := range list {
		if u.stdin || fromXargs(words[:u.at], u, words) {
			return u.interpreter
		}
		if u.rest && len(u.code) > 0 {
			var inner []string
			for _, j := range u.code {
				inner = append(inner, strings.Fields(words[j])...)
			}
			if p := readsInput(inner); p != nil {
				return p
			}
		}
	}
	return nil
}

// fromXargs reports whether an xargs among the words before u inserts its input
// into u's code.
func fromXargs(before []string, u use, words []string) bool {
	at := slices.IndexFunc(before, func(word string) bool { return filepath.Base(word) == "xargs" })
	if at < 0 {
		return false
	}
	if u.rest {
		return true
	}
	mark := ""
	for i, word := range before[at:] {
		switch {
		case word == "-I" && at+i+1 < len(before):
			mark = before[at+i+1]
		case strings.HasPrefix(word, "-I"):
			mark = word[2:]
		case strings.HasPrefix(word, "-i"), strings.HasPrefix(word, "--replace"):
			mark = "{}"
		}
	}
	return mark != "" && slices.ContainsFunc(u.code, func(j int) bool { return strings.Contains(words[j], mark) })
}

var (
	delimiter = pattern.Lazy(`[s\\]["']*([[:punct:]])|(/)`)
	order     = pattern.Lazy(`(^|[;{},\n])[\s"']*\x00`)
)

// harmless reports whether value, in place of hole in code, can only be part of
// a word.
func (p *interpreter) harmless(code, hole, value string) bool {
	if !harmless().MatchString(value) {
		return false
	}
	if !p.edits || number().MatchString(value) {
		return true
	}
	code = strings.ReplaceAll(code, hole, "\x00")
	for _, found := range delimiter().FindAllStringSubmatch(code, -1) {
		if strings.Contains(value, found[1]+found[2]) {
			return false
		}
	}
	return !p.letters || !order().MatchString(code)
}

// refused is the error for a variable that the interpreter would read as code.
func (p *interpreter) refused(name string) error {
	return fmt.Errorf("${%s} would be read as code: %s", name, strings.ReplaceAll(p.instead, "${}", "${"+name+"}"))
}

// refusedInput is the same error for code on standard input or in a file.
func (p *interpreter) refusedInput(name string) error {
	if p.shell && p.operand == 0 {
		return fmt.Errorf(`${%[1]s} would be read as code: pass it as an argument, as in sh -s -- "${%[1]s}" <<'EOF', and read "$1" in the code`, name)
	}
	return p.refused(name)
}
