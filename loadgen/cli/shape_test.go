package cli

import (
	"os"
	"os/exec"
	"testing"

	"nodrop/loadgen/cli/clitest"
)

// TestHeyShape: the first part of the report has hey's lines.
func TestHeyShape(t *testing.T) {
	clitest.NeedsTime(t)
	for _, name := range []string{"hey", "nginx", "gunicorn", "python3", "bash"} {
		clitest.Tool(t, name)
	}
	cmd := exec.Command("bash", "../../testdata/hey/shape.sh")
	cmd.Env = append(os.Environ(), "NODROP="+clitest.Build(t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
