package clitest

import (
	"fmt"
	"testing"
	"time"
)

// Patience bounds every wait of a test; nothing is measured against it.
const Patience = 5 * time.Minute

// Until polls until holds does, or Patience ends.
func Until(what string, holds func() bool) error {
	for end := time.Now().Add(Patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return fmt.Errorf("timed out waiting until %s", what)
		}
	}
	return nil
}

// Await is Until for a test.
func Await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if err := Until(what, holds); err != nil {
		t.Fatal(err)
	}
}

// NeedsTime skips a long test when short ones are asked for.
func NeedsTime(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skipf("NOT RUN because of -short: %s takes long; make test runs it", t.Name())
	}
}
