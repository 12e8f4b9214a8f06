package record_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
)

// TestMergeOfProducts: a merged run names the products of all its parts, each
// once and in an order that does not depend on theirs. The parts stay as they are.
func TestMergeOfProducts(t *testing.T) {
	first := append(make([]string, 0, 4), "nginx")
	run := &record.Run{Products: first}
	if err := run.Merge(record.Part{Run: &record.Run{Products: []string{"Caddy", "nginx"}}}, record.Part{Run: &record.Run{}}); err != nil {
		t.Fatal(err)
	}
	want := []string{"Caddy", "nginx"}
	if diff := cmp.Diff(want, run.Products); diff != "" {
		t.Error(diff)
	}
	run = &record.Run{Products: []string{"nginx", "Caddy"}}
	if err := run.Merge(record.Part{Run: &record.Run{Products: first}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, run.Products); diff != "" {
		t.Errorf("in another order: %s", diff)
	}
	if rest := first[:2][1]; rest != "" {
		t.Errorf("%q was written over another list", rest)
	}
}
