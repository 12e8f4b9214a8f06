//go:build unix

package action_test

import (
	"os/exec"
	"strings"
	"testing"

	"nodrop/scenario/action"
)

// pieces cuts a line at its holes: {X} is a variable that is X.
func pieces(line, value string) []action.Piece {
	var list []action.Piece
	for i, text := range strings.Split(line, "{X}") {
		if i > 0 {
			list = append(list, action.Piece{Name: "X", Value: value})
		}
		list = append(list, action.Piece{Text: text})
	}
	return list
}

// TestLineIsData: a value arrives as it is, wherever it stands in the line, and
// none of it is run.
func TestLineIsData(t *testing.T) {
	values := []string{"main", "", "a b", `$(echo pwned)`, "`echo pwned`", `'; echo pwned; '`, `"; echo pwned; "`, "x\necho pwned", `\`, `${HOME}`, "E\nEND\necho pwned"}
	for line, want := range map[string]string{
		`printf %s "{X}"`:                                 "{X}",
		`printf %s '{X}'`:                                 "{X}",
		`printf %s 'a {X} b'"{X}"`:                        "a {X} b{X}",
		"cat <<END\n{X}\nEND":                             "{X}\n",
		"cat <<'END'\n$HOME `date` \\ {X} \\\\ \\$x\nEND": "$HOME `date` \\ {X} \\\\ \\$x\n",
		"cat <<-\\END && printf .\n\t{X}\n\tEND":          "{X}\n.",
		"cat <<'A' && cat <<\"B\"\n'{X}'\nA\n\"{X}\"\nB":  "'{X}'\n\"{X}\"\n",
		`printf %s "$(printf %s '{X}'; printf .)"`:        "{X}.",
		"printf %s \"`printf %s '{X}'; printf .`\"":       "{X}.",
		"# it's {X}\nprintf %s '{X}'":                     "{X}",
		"X=other; printf %s \"{X}\"":                      "{X}",
		`for i in 1 2; do printf %s "{X}"; done`:          "{X}{X}",
		`case '{X}' in "{X}") printf same;; esac`:         "same",
		`f() { printf %s "$1"; }; f '{X}'`:                "{X}",
		`sh -c 'printf %s "$1"' sh "{X}"`:                 "{X}",
		`test '{X}' = "$(printf '%s.' '{X}' | sed '$s/.$//')" && printf same || printf same`: "same",
	} {
		for _, value := range values {
			text, env, err := action.Line(pieces(line, value))
			if err != nil {
				t.Errorf("%s: %v", line, err)
				break
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-c", text)
			cmd.Env = env
			got, err := cmd.CombinedOutput()
			if want := strings.ReplaceAll(want, "{X}", value); err != nil || string(got) != want {
				t.Errorf("%s with %q (%s): got %q, %v; want %q", line, value, text, got, err, want)
			}
			if value != "" && value != "main" && value != `\` && strings.Contains(strings.Join(cmd.Args, " "), value) && !strings.Contains(line, value) {
				t.Errorf("%s: the value stands in the arguments", line)
			}
		}
	}
}

// TestLine: what else a line may hold, and what is refused.
func TestLine(t *testing.T) {
	for name, tc := range map[string]struct{ line, value, want, err string }{
		"none":              {line: "it's no line", want: "it's no line"},
		"a word":            {line: "echo {X}", value: "a  b", want: "a b\n"},
		"a command":         {line: " {X}\n", value: "printf 'a b' && printf c", want: "a bc"},
		"a number":          {line: "echo $(( {X} + 1 ))", value: "41", want: "42\n"},
		"no number":         {line: "echo $(( {X} + 1 ))", value: "a[$(date)]", err: "${X} stands where the shell calculates, and is not a whole number"},
		"an escaped one":    {line: `echo \{X}`, value: "x", err: "the shell would not expand ${X} there: put it in double quotes, or write $${X} for a variable of the shell's"},
		"in ANSI-C quotes":  {line: `echo $'{X}'`, value: "x", err: "the shell would not expand ${X} there: put it in double quotes, or write $${X} for a variable of the shell's"},
		"unbalanced":        {line: `echo "{X}`, value: "x", err: "the shell could not read it: 1:6: reached EOF without closing quote `\"`"},
		"inner code":        {line: `bash -ec "echo {X}"`, value: "$(date)", err: "${X} would be read as code there: hand it over as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"harmless inner":    {line: `sh -c "echo {X}"`, value: "8080", want: "8080\n"},
		"inner on purpose":  {line: `sh -c "{X}"`, value: "echo a; echo b", want: "a\nb\n"},
		"eval":              {line: `eval "echo {X}"`, value: "a;b", err: "${X} would be read as code there: hand it over as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"inner after flags": {line: `timeout 5 bash -e -o pipefail -c "echo {X}"`, value: "a;b", err: "${X} would be read as code there: hand it over as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"inner Python":      {line: `python3 -c 'print("{X}")'`, value: `")+("`, err: "${X} would be read as code there: hand it over as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"another machine's": {line: `ssh host "echo {X}"`, value: "a;b", err: "${X} would be read as code there: hand it over as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"the shell's own":   {line: `PORT=1; echo "${PORT} {X}"`, value: "x", want: "1 x\n"},
	} {
		t.Run(name, func(t *testing.T) {
			text, env, err := action.Line(pieces(tc.line, tc.value))
			if err != nil || tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("got %v; want %s", err, tc.err)
				}
				return
			}
			if tc.want == text {
				return
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-c", text)
			cmd.Env = env
			if got, err := cmd.CombinedOutput(); err != nil || string(got) != tc.want {
				t.Errorf("%s: got %q, %v; want %q", text, got, err, tc.want)
			}
		})
	}
}
