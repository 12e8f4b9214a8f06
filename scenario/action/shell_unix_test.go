//go:build unix

package action_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"nodrop/scenario/action"
)

// pieces splits a line at its holes: {X} is the variable X.
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

// TestLineIsData: a value arrives unchanged wherever it occurs in the line, and
// none of it is executed.
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

// TestLine: other content of lines, and what is rejected.
func TestLine(t *testing.T) {
	for name, tc := range map[string]struct{ line, value, want, err string }{
		"none":              {line: "it's no line", want: "it's no line"},
		"a word":            {line: "echo {X}", value: "a  b", want: "a b\n"},
		"a command":         {line: " {X}\n", value: "printf 'a b' && printf c", want: "a bc"},
		"a number":          {line: "echo $(( {X} + 1 ))", value: "41", want: "42\n"},
		"no number":         {line: "echo $(( {X} + 1 ))", value: "a[$(date)]", err: "${X} is used in shell arithmetic, but its value is not a whole number"},
		"an escaped one":    {line: `echo \{X}`, value: "x", err: "the shell would not expand ${X} here: put it in double quotes, or write $${X} for a shell variable"},
		"in ANSI-C quotes":  {line: `echo $'{X}'`, value: "x", err: "the shell would not expand ${X} here: put it in double quotes, or write $${X} for a shell variable"},
		"unbalanced":        {line: `echo "{X}`, value: "x", err: "not a valid shell command: 1:6: reached EOF without closing quote `\"`"},
		"inner code":        {line: `bash -ec "echo {X}"`, value: "$(date)", err: "${X} would be read as code: pass it as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"harmless inner":    {line: `sh -c "echo {X}"`, value: "8080", want: "8080\n"},
		"inner on purpose":  {line: `sh -c "{X}"`, value: "echo a; echo b", want: "a\nb\n"},
		"eval":              {line: `eval "echo {X}"`, value: "a;b", err: "${X} would be read as code: pass it as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"inner after flags": {line: `timeout 5 bash -e -o pipefail -c "echo {X}"`, value: "a;b", err: "${X} would be read as code: pass it as an argument, as in sh -c 'echo \"$1\"' sh \"${X}\""},
		"inner Python":      {line: `python3 -c 'print("{X}")'`, value: `")+("`, err: "${X} would be read as code: pass it in the environment, with env or as NAME=\"${X}\" before the command, and read NAME in the code"},
		"another machine's": {line: `ssh host "echo {X}"`, value: "a;b", err: "${X} would be read as code: pass it on standard input, as in printf '%s\\n' \"${X}\" | ssh host 'read -r x; echo \"$x\"'"},
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

// TestCodeElsewhere: a value that would be code for a second program is
// rejected, wherever the program reads its code; a harmless value is accepted.
func TestCodeElsewhere(t *testing.T) {
	for _, line := range []string{
		"bash -s <<EOF\necho {X}\nEOF",
		"bash -s <<'EOF'\necho {X}\nEOF",
		"sh <<-EOF\n\techo {X}\n\tEOF",
		"ssh host <<EOF\necho {X}\nEOF",
		"ssh -p 22 host 'bash -s' <<EOF\necho {X}\nEOF",
		"ssh host sudo sh <<EOF\necho {X}\nEOF",
		"sudo -u bob sh -s -- a <<EOF\necho {X}\nEOF",
		"sudo -s <<EOF\necho {X}\nEOF",
		"su - bob <<EOF\necho {X}\nEOF",
		"docker exec -i c sh <<EOF\necho {X}\nEOF",
		"kubectl exec -i pod -- /bin/sh <<EOF\necho {X}\nEOF",
		"psql -h db shop <<EOF\nselect '{X}'\nEOF",
		"python3 - a <<EOF\nprint('{X}')\nEOF",
		"awk -f - file <<EOF\n{X}x\nEOF",
		"{ cd x; sh; } <<EOF\necho {X}\nEOF",
		". /dev/stdin <<EOF\necho {X}\nEOF",
		`bash <<<"echo {X}"`,
		`bash <(echo "echo {X}")`,
		`source <(echo "echo {X}")`,
		`bash < <(echo "echo {X}")`,
		`echo "echo {X}" > >(sh)`,
		`echo "echo {X}" | sh`,
		`echo "echo {X}" | tee log | (cd x; exec bash)`,
		"cat <<EOF | ssh host\necho {X}\nEOF",
		`(echo a; echo "{X}") |& sudo bash -e`,
		`Y="echo {X}"; echo "$Y" | sh`,
		`Y="echo {X}"; sh -c "$Y"`,
		`for y in a "{X}"; do sh -c "echo $y"; done`,
		`echo "{X}" | xargs -I{} sh -c "echo {}"`,
		`echo "{X}" | xargs -n1 sh -c`,
		`echo "{X}" | xargs ssh host rm`,
		`su root -c "echo {X}"`,
		`su -c "echo {X}" root`,
		`su --command="echo {X}" root`,
		`runuser -u bob -- sh -c "echo {X}"`,
		`trap "echo {X}" EXIT`,
		`watch -n 1 "echo {X}"`,
		`eval echo "{X}"`,
		`ssh host rm "{X}"`,
		`awk 'BEGIN{print "{X}"}'`,
		`gawk -v a=b "/{X}/" file`,
		`sed "s/a/{X}/e" file`,
		`sed -n -e "s/a/{X}/" file`,
		`sed file --expression="s/a/{X}/"`,
		`perl -pe'print "{X}"' file`,
		`perl -e 1 -e 'print "{X}"'`,
		`ruby -e 'puts "{X}"'`,
		`node -p '"{X}"'`,
		`node --eval='"{X}"'`,
		`php -r 'echo "{X}";'`,
		`jq -r ".[] | .{X}x" file`,
		`psql -qc "select '{X}'" db`,
		`psql -q -c "select '{X}'"`,
		`mysql --execute="select '{X}'"`,
		`sqlite3 file "select '{X}'"`,
		`bash -ce "echo {X}"`,
		`sh -c -e "echo {X}"`,
		`"sh" "-c" "echo {X}"`,
		`xargs sh -c "echo {X}" sh`,
		`env A=b sh -c "echo {X}"`,
		`sudo -u bob sh -c "echo {X}"`,
		`find . -exec sh -c "echo {X}" \;`,
		`timeout 5 nice -n 5 nohup sh -c "echo {X}"`,
		`flock file -c "echo {X}"`,
		`sh {X}`,
		`bash +x -c "echo {X}"`,
		`env -S "sh -c {X}x"`,
		`make all TAG="{X}"`,
		"make -f - <<EOF\na:\n\techo {X}\nEOF",
		"sh /dev/fd/3 3<<EOF\necho {X}\nEOF",
		"f() { sh; }; f <<EOF\necho {X}\nEOF",
		`f() { f; sh; }; echo "echo {X}" | f`,
		`f() { sh -c "$1"; }; f "echo {X}"`,
		`set -- "echo {X}"; eval "$@"`,
		"read -r l <<EOF\necho {X}\nEOF\neval \"$l\"",
		`echo "echo {X}" | while read -r l; do eval "$l"; done`,
		`y=$(echo "echo {X}"); eval "$y"`,
		`if true; then f() { echo "$(sh -c "echo {X}")"; }; fi`,
	} {
		for _, value := range []string{"$(date)", `a"; system("date"); x="`, "a;date"} {
			_, _, err := action.Line(pieces(line, value))
			if err == nil || !strings.HasPrefix(err.Error(), "${X} would be read as code: ") || strings.Contains(err.Error(), value) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "%!") {
				t.Errorf("%s with %q: got %v", line, value, err)
			}
		}
		if _, _, err := action.Line(pieces(line, "8080")); err != nil {
			t.Errorf("%s with a number: %v", line, err)
		}
	}
}

// TestHandedOver: the same programs accept a value as data.
func TestHandedOver(t *testing.T) {
	values := []string{"a b", `$(echo pwned)`, `"; system("echo pwned"); x="`, `'; echo pwned; '`, "-n", "a/e"}
	for line, want := range map[string]string{
		"sh -s -- '{X}' <<'EOF'\nprintf %s \"$1\"\nEOF":                  "{X}",
		"NAME='{X}' sh <<'EOF'\nprintf %s \"$NAME\"\nEOF":                "{X}",
		`printf %s "{X}" | sh -c 'cat'`:                                  "{X}",
		`sh -c 'cat' sh <<<"{X}"`:                                        "{X}\n",
		`printf %s "{X}" | xargs -0 sh -c 'printf %s "$1"' sh`:           "{X}",
		`NAME="{X}" awk 'BEGIN {printf "%s", ENVIRON["NAME"]}'`:          "{X}",
		`awk -v x="{X}" 'BEGIN {printf "%s", x}'`:                        "{X}",
		`printf %s "{X}" | sed p | sed '$!d'`:                            "{X}",
		`x="{X}"; trap 'printf %s "$x"' EXIT`:                            "{X}",
		`timeout 60 sh -c 'printf %s "$1"' sh "{X}"`:                     "{X}",
		`find . -maxdepth 0 -exec sh -c 'printf %s "$1"' sh "{X}" \;`:    "{X}",
		`printf %s "sh -c {X}"`:                                          "sh -c {X}",
		`printf '%s\n' "{X}" | while read -r l; do printf %s "$l"; done`: "{X}",
		`NAME="{X}" perl -e 'print $ENV{NAME}'`:                          "{X}",
		`perl -e 'print @ARGV' -- "{X}"`:                                 "{X}",
	} {
		for _, value := range values {
			text, env, err := action.Line(pieces(line, value))
			if err != nil {
				t.Errorf("%s with %q: %v", line, value, err)
				continue
			}
			cmd := exec.CommandContext(t.Context(), "bash", "-c", text)
			cmd.Env = append(env, "PATH="+os.Getenv("PATH"))
			if got, err := cmd.CombinedOutput(); err != nil || string(got) != strings.ReplaceAll(want, "{X}", value) {
				t.Errorf("%s with %q (%s): got %q, %v", line, value, text, got, err)
			}
		}
	}
}

// TestHarmlessIsNotEnough: some programs take letters alone as a command.
func TestHarmlessIsNotEnough(t *testing.T) {
	for _, tc := range []struct {
		line, value string
		refused     bool
	}{
		{`sed "s/a/{X}/" file`, "id/e", true},
		{`sed "s,a,{X}," file`, "id,e", true},
		{`sed "s/a/b/; {X}p" file`, "1eid", true},
		{`sed -n "{X}p" file`, "12", false},
		{`sed -n "{X},+2p" file`, "12", false},
		{`sed "s|@DIR@|{X}|" file`, "/var/lib/a.b-c_d", false},
		{`sed "s/old.example/{X}/" file`, "new.example", false},
		{`perl -pe "s/a/{X}/" file`, "exit/e", true},
		{`perl -e 'print "a, {X}"'`, "main", false},
		{`ssh "{X}" uptime`, "-oProxyCommand=id", true},
		{`ssh "{X}" uptime`, "bob@host", false},
		{`ssh -p {X} host uptime`, "22 -oProxyCommand=id", true},
		{`python3 server.py "{X}"`, "-v; $(date)", false},
		{`echo "${a[{X}]}"`, "b[$(date)]", true},
		{`echo "${a[{X}]}"`, "1", false},
		{`unset "{X}"`, "b[$(date)]", true},
		{`printf -v "{X}" a`, "b[$(date)]", true},
		{`[[ -v {X} ]]`, "b[$(date)]", true},
		{`declare "{X}=1"`, "b[$(date)]", true},
		{`declare -i n="{X}"`, "b[$(date)]", true},
		{`export "{X}"`, "NAME=a $(date)", false},
		{`pid=$(start "{X}"); ssh host "kill $pid"`, "a b", false},
		{`echo "{X}" | ssh host "cat >file"`, "a b", false},
		{`echo "{X}" | sudo tee file`, "a b", false},
	} {
		if _, _, err := action.Line(pieces(tc.line, tc.value)); (err != nil) != tc.refused {
			t.Errorf("%s with %q: got %v", tc.line, tc.value, err)
		}
	}
}

// TestArguments: the same for a list of arguments.
func TestArguments(t *testing.T) {
	for _, tc := range []struct {
		argv    []string
		value   string
		refused bool
	}{
		{[]string{"su", "root", "-c", "echo {X}"}, "a;b", true},
		{[]string{"su", "root", "-c", "echo {X}"}, "main", false},
		{[]string{"awk", `BEGIN{print "{X}"}`}, `a"; system("date"); x="`, true},
		{[]string{"awk", "-v", "x={X}", "BEGIN{print x}"}, `a"; system("date"); x="`, false},
		{[]string{"sudo", "sh", "-c", "echo {X}"}, "a;b", true},
		{[]string{"env", "-i", "sh", "-c", "echo {X}"}, "a;b", true},
		{[]string{"ssh", "host", "echo {X}"}, "a;b", true},
		{[]string{"ssh", "host", "rm", "{X}"}, "a;b", true},
		{[]string{"ssh", "{X}", "uptime"}, "-oProxyCommand=id", true},
		{[]string{"ssh", "host", "{X}"}, "a;b", false}, // intended: the whole command is the variable
		{[]string{"watch", "echo {X}"}, "a;b", true},
		{[]string{"xargs", "sh", "-c", "awk '/{X}/'"}, "a;b", true},
		{[]string{"{X}", "-c", "echo $(( {X} ))"}, "sh", true},
		{[]string{"sh", "-c", `echo "$1"`, "sh", "{X}"}, "a;b", false},
		{[]string{"timeout", "5", "sh", "-c", "echo '{X}'"}, "a;b", false},
		{[]string{"bash", "-c", "bash -s <<EOF\necho {X}\nEOF"}, "a;b", true},
		{[]string{"perl", "-e", "print '{X}'"}, "a;b", true},
		{[]string{"echo", "sh", "-c", "x{X}"}, "a;b", false},
	} {
		var list [][]action.Piece
		for _, arg := range tc.argv {
			list = append(list, pieces(arg, tc.value))
		}
		if argv, _, _, err := action.Arguments(list); (err != nil) != tc.refused || len(argv) != len(tc.argv) {
			t.Errorf("%q with %q: got %q, %v", tc.argv, tc.value, argv, err)
		}
	}
}
