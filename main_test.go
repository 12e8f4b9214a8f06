package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"nodrop/loadgen"
)

var update = flag.Bool("update", false, "write what the scripts compare anew")

// TestMain puts this binary on PATH as "nodrop". The lab's children are started
// from there too, under the same name, so that they arrive in main.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nodrop": main})
}

// patience bounds every wait of a test; nothing is measured against it.
const patience = time.Minute

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// until polls, and gives up when patience ends.
func until(what string, holds func() bool) error {
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("waited in vain: %s", what)
		}
	}
	return nil
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := until(what, holds); err != nil {
		t.Fatal(err)
	}
}

func needsTime(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED BY -short: " + t.Name() + " takes its time; make test runs it")
	}
}

// Scripts

func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		UpdateScripts:      *update,
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			env.Values[stageKey{}] = &stage{servers: map[string]*server{}}
			env.Setenv("GOMAXPROCS", strconv.Itoa(runtime.GOMAXPROCS(0)))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"server":    (*script).server,
			"refused":   (*script).refused,
			"served":    (*script).served,
			"reached":   (*script).reached,
			"got":       (*script).got,
			"exits":     (*script).exits,
			"complains": (*script).complains,
			"signal":    (*script).signal,
			"exited":    (*script).exited,
			"rows":      (*script).rows,
		},
	})
}
