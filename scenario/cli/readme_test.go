package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"nodrop/loadgen/cli/clitest"
)

const readmeFile = "../../README.md"

// TestReadmeGate runs the README's scenario and the command that makes it a
// gate, unchanged except for the port, fewer requests and one repetition. The
// gate is open for a reload, and closed if the graceful variant is not
// graceful.
func TestReadmeGate(t *testing.T) {
	clitest.NeedsTime(t)
	readme, err := os.ReadFile(readmeFile)
	if err != nil {
		t.Fatal(err)
	}
	from := func(before, after string) string {
		_, text, found := strings.Cut(string(readme), before)
		text, _, ended := strings.Cut(text, after)
		if !found || !ended {
			t.Fatalf("README.md has no %q before %q", before, after)
		}
		return text
	}
	scenario := from("## Scenarios\n\nA scenario file", "```\n\n```\nnodrop scenario init")
	_, scenario, _ = strings.Cut(scenario, "```yaml\n")
	gate := from("in a shell and on GitHub:\n\n```\n", "```\n")
	program, port := clitest.Build(t), strconv.Itoa(clitest.FreePort(t))
	for want, reload := range []string{"reload: {", "reload: {set: {SIGNAL: TERM}, "} {
		dir := clitest.NewDir(t)
		clitest.WriteConf(t, filepath.Join(dir, "gateway.conf"), `
pid nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
	access_log off;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server { listen 127.0.0.1:PORT backlog=4096; location / { return 200; } }
}
`, "PORT", port)
		text := scenario
		for old, now := range map[string]string{
			"8080":             port,
			"requests: 20000":  "requests: 1000",
			"connections: 200": "connections: 20",
			"repeat: 5":        "repeat: 1",
			"reload: {":        reload,
		} {
			if !strings.Contains(text, old) {
				t.Fatalf("the README's scenario has no %q:\n%s", old, text)
			}
			text = strings.ReplaceAll(text, old, now)
		}
		clitest.WriteFile(t, filepath.Join(dir, "stop.yaml"), []byte(text))
		cmd := exec.Command("sh", "-c", gate)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+":/usr/sbin:"+os.Getenv("PATH"))
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: exit code %d; want %d\n%s", reload, got, want, out)
		}
		if _, err := os.Stat(filepath.Join(dir, "nodrop.xml")); err != nil {
			t.Error(err)
		}
	}
}
