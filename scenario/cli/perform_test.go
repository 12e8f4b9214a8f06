package cli

import (
	"testing"

	"nodrop/loadgen"
	"nodrop/scenario"
)

// TestThreads: loops side by side do not wait for each other's processors.
func TestThreads(t *testing.T) {
	stream := func(url string) scenario.Stream {
		cfg := loadgen.Config{URL: url, CPUs: 2}
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		return scenario.Stream{Load: cfg}
	}
	loop := stream("http://127.0.0.1:1/")
	one := loop.Load.Threads()
	if got := threads([]scenario.Stream{loop, loop, stream("https://127.0.0.1:1/")}); got != 2*one+2 {
		t.Errorf("%d threads, of %d for a loop and 2 for a pool", got, one)
	}
}
