package lab

import (
	"testing"

	"nodrop/loadgen"
	"nodrop/scenario"
	"nodrop/scenario/lab/gateway"
)

// TestLoadOverTLS checks that a load to a fleet verifies its certificate, also
// with a Host field of its own, and that the replicas count as many requests.
func TestLoadOverTLS(t *testing.T) {
	b := startCounting(t)
	for name, host := range map[string]string{"the fleet's name": "", "a Host field": "shop.example"} {
		t.Run(name, func(t *testing.T) {
			e := Experiment{
				Fleet:  Options{Replicas: 2, Proto: gateway.H1S, Backend: b.address(), Grace: patience},
				Stops:  []gateway.Mode{gateway.Naive},
				Change: Change{Scale: 1}, At: scenario.At{Request: 100}, Path: "/",
				Load: loadgen.Config{Requests: 200, Workers: 4, Host: host, DisableKeepAlive: true},
			}
			b.count.Store(0)
			recording, err := e.Scenario(nil).Run(testContext(t), scenario.Watch{})
			if err != nil {
				t.Fatal(err)
			}
			run := recording.Runs[0]
			const ready = 2 // each replica is asked once whether it serves
			if c := run.Counts; c.Started != 200 || c.OK == 0 || b.count.Load() != c.OK+ready || run.Settings.URL != "https://gateway/" {
				t.Errorf("%s: %+v, of which the backend got %d", run.Settings.URL, c, b.count.Load()-ready)
			}
		})
	}
}
