package main

import (
	"os/exec"
	"strings"
	"testing"
)

// TestWhatIsNotCompiled: who runs nodrop from its source compiles all that it
// imports first. Of Kubernetes' client that is what reads kubeconfigs and sends
// requests, a third of the time that all takes; the types of every API, which
// its usual clients come with, are more than everything else together.
func TestWhatIsNotCompiled(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	client := false
	for line := range strings.Lines(string(out)) {
		path := strings.TrimSpace(line)
		client = client || path == "k8s.io/client-go/rest"
		for _, large := range []string{
			"k8s.io/api/", "k8s.io/client-go/kubernetes", "k8s.io/client-go/informers", "k8s.io/client-go/discovery",
			"k8s.io/client-go/restmapper", "google.golang.org/protobuf/", "github.com/google/gnostic-models/",
		} {
			if strings.HasPrefix(path, large) {
				t.Errorf("%s is imported", path)
			}
		}
	}
	if !client {
		t.Error("the client is not among what is imported: what else is listed here?")
	}
}
