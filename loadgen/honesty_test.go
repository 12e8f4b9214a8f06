package loadgen_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"nodrop/loadgen/internal/faultserver"
)

var honesty = flag.String("honesty", "", "TestHonesty also asks other tools: modules (path@version) to build, the others from PATH")

// honestPlan makes the same faults for every tool.
func honestPlan(seq int64) faultserver.Kind {
	switch {
	case seq%10 == 9:
		return faultserver.ResetBeforeResponse
	case seq%13 == 12:
		return faultserver.EOFInBody
	case seq%23 == 22:
		return faultserver.EOFInChunk
	}
	return faultserver.OK
}

// tool says how to read what a program prints.
type tool struct {
	version string         // the command that prints it
	errors  string         // the text before the failures
	total   *regexp.Regexp // all requests: the sum over all groups of all matches
	good    *regexp.Regexp // responses reported as good
	failed  *regexp.Regexp // reported failures, after errors
	words   *regexp.Regexp // the text that reports them
}

var tools = map[string]*tool{
	"nodrop": {
		version: "nodrop --version",
		total:   regexp.MustCompile(`started (\d+) = `),
		good:    regexp.MustCompile(` = ok (\d+)`),
		failed:  regexp.MustCompile(` \+ lost (\d+)`),
		words:   regexp.MustCompile(`started \d+ = .*`),
	},
	"hey": {
		version: "dpkg-query -W hey",
		total:   regexp.MustCompile(`\[\d{3}]\s+(\d+) responses|\[(\d+)]\s+Get `),
		good:    regexp.MustCompile(`\[2\d\d]\s+(\d+) responses`),
		failed:  regexp.MustCompile(`\[(\d+)]\s+Get `),
		words:   regexp.MustCompile(`\[\d{3}]\s+\d+ responses`),
	},
	"bombardier": {
		version: "bombardier --version",
		errors:  "Errors:",
		total:   regexp.MustCompile(`\dxx - (\d+)|others - (\d+)`),
		good:    regexp.MustCompile(`2xx - (\d+)`),
		failed:  regexp.MustCompile(`(?m)^ {4}.* - (\d+)$`),
		words:   regexp.MustCompile(`2xx - \d+|others - \d+`),
	},
	"plow": {
		version: "plow --version",
		total:   regexp.MustCompile(`Count\s+(\d+)`),
		good:    regexp.MustCompile(`2xx\s+(\d+)`),
		failed:  regexp.MustCompile(`(?m)^  (\d+)  "`),
		words:   regexp.MustCompile(`Count\s+\d+|\dxx\s+\d+`),
	},
	"vegeta": {
		version: "vegeta --version",
		total:   regexp.MustCompile(`Requests .*]\s+(\d+),`),
		good:    regexp.MustCompile(` 2\d\d:(\d+)`),
		failed:  regexp.MustCompile(` 0:(\d+)`),
		words:   regexp.MustCompile(`\d+:\d+  .*\d`),
	},
	"wrk": {
		version: "wrk -v",
		total:   regexp.MustCompile(`(\d+) requests in|connect (\d+), read (\d+), write (\d+), timeout (\d+)`),
		good:    regexp.MustCompile(`(\d+) requests in`),
		failed:  regexp.MustCompile(`connect (\d+), read (\d+), write (\d+), timeout (\d+)`),
		words:   regexp.MustCompile(`\d+ requests in|read \d+`),
	},
}

// asked lists what each tool runs: 6,000 requests, or 2 s, on 50 connections,
// with and without keep-alive.
var asked = []struct{ program, mode, keepAlive, command string }{
	{"nodrop", "", "on", "nodrop -n 6000 -c 50 URL"},
	{"nodrop", "", "off", "nodrop -n 6000 -c 50 -disable-keepalive URL"},
	{"hey", "", "on", "hey -n 6000 -c 50 URL"},
	{"hey", "", "off", "hey -n 6000 -c 50 -disable-keepalive URL"},
	{"bombardier", "", "on", "bombardier -n 6000 -c 50 -p r URL"},
	{"bombardier", "", "off", "bombardier -n 6000 -c 50 -p r -H 'Connection: close' URL"},
	{"bombardier", " --http1", "on", "bombardier -n 6000 -c 50 -p r --http1 URL"},
	{"bombardier", " --http1", "off", "bombardier -n 6000 -c 50 -p r --http1 -a URL"},
	{"plow", "", "on", "plow -n 6000 -c 50 -i 0 --listen 127.0.0.1:0 URL"},
	{"plow", "", "off", "plow -n 6000 -c 50 -i 0 --listen 127.0.0.1:0 -H 'Connection: close' URL"},
	{"vegeta", "", "on", "echo GET URL | vegeta attack -rate 2000 -duration 3s -workers 50 -max-workers 50 -connections 50 | vegeta report"},
	{"vegeta", "", "off", "echo GET URL | vegeta attack -rate 2000 -duration 3s -workers 50 -max-workers 50 -keepalive=false | vegeta report"},
	{"wrk", "", "on", "wrk -t 1 -c 50 -d 2s URL"},
	{"wrk", "", "off", "wrk -t 1 -c 50 -d 2s -H 'Connection: close' URL"},
}

// TestHonesty compares what load generators report with what the server did.
// Without -honesty it runs only nodrop, which must hide nothing.
func TestHonesty(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT RUN because of -short: builds nodrop; make test runs it")
	}
	if runtime.GOOS == "windows" {
		t.Skip("the commands need a Unix shell")
	}
	versions := buildTools(t)
	var table strings.Builder
	fmt.Fprintf(&table, "%s, %s/%s, one run each\n\n%s", time.Now().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, tableHead)
	for _, a := range asked {
		if *honesty == "" && a.program != "nodrop" {
			continue
		}
		if _, err := exec.LookPath(a.program); err != nil {
			fmt.Fprintf(&table, "| %s%s | %s | not installed | | | | | | | |\n", a.program, a.mode, a.keepAlive)
			continue
		}
		p := tools[a.program]
		if versions[a.program] == "" {
			versions[a.program] = p.ownVersion(t)
		}
		sides := p.ask(t, a.command)
		table.WriteString(sides.row(a.program+" "+versions[a.program]+a.mode, a.keepAlive))
		if a.program == "nodrop" && !sides.agree() {
			t.Errorf("nodrop and the server disagree: %+v", sides)
		}
	}
	if *honesty != "" {
		fmt.Print(table.String()) // not t.Log, which would indent it
	}
}

// buildTools builds nodrop and the requested modules, puts them first on PATH,
// and returns the modules' versions.
func buildTools(t *testing.T) map[string]string {
	t.Helper()
	bin := t.TempDir()
	t.Setenv("PATH", bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin, "nodrop")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	versions := map[string]string{}
	for module := range strings.FieldsSeq(*honesty) {
		name, version, err := buildModule(t, bin, module)
		if err != nil {
			t.Log(err)
			continue
		}
		versions[name] = version
	}
	return versions
}

// buildModule builds the program of a module (path@version) into bin. It uses a
// temporary module, because go install also requests the list of versions,
// which not every proxy has.
func buildModule(t *testing.T, bin, module string) (name, version string, err error) {
	t.Helper()
	at, version, _ := strings.Cut(module, "@")
	name = path.Base(at)
	if major := regexp.MustCompile(`^v\d+$`); major.MatchString(name) {
		name = path.Base(path.Dir(at))
	}
	dir := t.TempDir()
	for _, args := range [][]string{
		{"mod", "init", "peer"},
		{"mod", "edit", "-require=" + module},
		{"build", "-mod=mod", "-o", filepath.Join(bin, name), at},
	} {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", "", fmt.Errorf("%s: %w\n%s", module, err, out)
		}
	}
	return name, version, nil
}

// ownVersion is the version that the program or its package reports.
func (p *tool) ownVersion(t *testing.T) string {
	t.Helper()
	out, _ := exec.CommandContext(t.Context(), "sh", "-c", p.version).CombinedOutput() // wrk -v exits 1
	if v := regexp.MustCompile(`v?\d+\.\d+[\w.+-]*`).FindString(string(out)); v != "" {
		return v
	}
	return "of unknown version"
}

// account is the result of one run on both sides.
type account struct {
	saw, faults, gave   int64 // the server: requests, faults, good responses
	total, good, failed int64 // the tool
	words               string
}

func (p *tool) ask(t *testing.T, command string) account {
	t.Helper()
	server := startServer(t, honestPlan)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", strings.ReplaceAll(command, "URL", server.URL()+"/"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
	counts := serverCounts(t, server)
	a := p.read(string(out))
	if a.total == 0 {
		t.Fatalf("%s: no number of requests found in\n%s", command, out)
	}
	good := counts.ByKind[faultserver.OK]
	a.saw, a.gave = counts.Requests, good.Fresh+good.Reused
	a.faults = a.saw - a.gave
	return a
}

func (p *tool) read(out string) account {
	_, failures, _ := strings.Cut(out, p.errors)
	var words []string
	for _, w := range p.words.FindAllString(out, -1) {
		words = append(words, strings.Join(strings.Fields(w), " "))
	}
	return account{total: sum(p.total, out), good: sum(p.good, out), failed: sum(p.failed, failures), words: strings.Join(words, ", ")}
}

func sum(re *regexp.Regexp, text string) int64 {
	var total int64
	for _, match := range re.FindAllStringSubmatch(text, -1) {
		for _, group := range match[1:] {
			n, _ := strconv.ParseInt(group, 10, 64) // a group is digits, or empty if it did not match
			total += n
		}
	}
	return total
}

func (a account) hidden() int64 { return a.faults - a.failed }

func (a account) unsaid() int64 { return a.saw - a.total }

func (a account) agree() bool { return a.hidden() == 0 && a.unsaid() == 0 && a.good == a.gave }

const tableHead = "| tool | keep-alive | requests seen | faults injected | good responses | reported good | reported failed | unreported | hidden | its words |\n" +
	"|---|---|--:|--:|--:|--:|--:|--:|--:|---|\n"

func (a account) row(name, keepAlive string) string {
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %d | **%d** | `%s` |\n",
		name, keepAlive, a.saw, a.faults, a.gave, a.good, a.failed, a.unsaid(), a.hidden(), a.words)
}

func TestToolsWords(t *testing.T) {
	tests := map[string]struct {
		out  string
		want account
	}{
		"nodrop": {
			"  planned 6000 = started 6000 + unsent 0\n  started 6000 = ok 4769 + lost 1231 + spoiled 0 + aborted 0\n",
			account{total: 6000, good: 4769, failed: 1231, words: "started 6000 = ok 4769 + lost 1231 + spoiled 0 + aborted 0"},
		},
		"hey": {
			"Response time histogram:\n  0.008 [156]\t|■\n\nStatus code distribution:\n  [200]\t5944 responses\n\nError distribution:\n  [55]\tGet \"http://x/\": EOF\n  [1]\tGet \"http://x/\": read tcp\n",
			account{total: 6000, good: 5944, failed: 56, words: "[200] 5944 responses"},
		},
		"bombardier": {
			"  HTTP codes:\n    1xx - 0, 2xx - 5997, 3xx - 0, 4xx - 0, 5xx - 0\n    others - 3\n  Errors:\n    unexpected EOF - 2\n    timeout - 1\n  Throughput:     5.93MB/s\n",
			account{total: 6000, good: 5997, failed: 3, words: "2xx - 5997, others - 3"},
		},
		"plow": {
			"Summary:\n  Elapsed          100ms\n  Count             6000\n    2xx             6000\n\nError:\n  1  \"the server closed\"\n  1  \"unexpected EOF\"\n\nStatistics    Min\n",
			account{total: 6000, good: 6000, failed: 2, words: "Count 6000, 2xx 6000"},
		},
		"vegeta": {
			"Requests      [total, rate, throughput]         6000, 2000.97, 1749.44\nStatus Codes  [code:count]                      0:754  200:5246  \nError Set:\nunexpected EOF\n",
			account{total: 6000, good: 5246, failed: 754, words: "0:754 200:5246"},
		},
		"wrk": {
			"  63413 requests in 2.00s, 6.66MB read\n  Socket errors: connect 0, read 16386, write 0, timeout 0\n",
			account{total: 79799, good: 63413, failed: 16386, words: "63413 requests in, read 16386"},
		},
	}
	for name, tool := range tools {
		tc, ok := tests[name]
		if !ok {
			t.Errorf("no test output of %s", name)
			continue
		}
		if got := tool.read(tc.out); got != tc.want {
			t.Errorf("%s: got %+v; want %+v", name, got, tc.want)
		}
	}
}
