package reporttest

import (
	"slices"
	"testing"

	"nodrop/loadgen/record"
)

// AsItIs is the variant of the runs without a change.
const AsItIs = "as it is"

// Tried returns a run of a proof: an abrupt scale-in with this many of its
// losses.
func Tried(t testing.TB, variant string, lost int) *record.Run {
	t.Helper()
	list := slices.DeleteFunc(AbruptRequests(), func(q Request) bool {
		if q.Fate == record.FateLost {
			lost--
		}
		return q.Fate == record.FateLost && lost < 0
	})
	return NewRun(t, list, Variant(variant, AbruptMarks()))
}

// Round returns a round of a proof that made a change.
func Round(change string, outcome record.ProofOutcome) record.ProofRound {
	return record.ProofRound{
		Code: "closed-before-removed", Title: "9 endpoints stopped accepting connections 52.0 ms before the load balancer removed them", Confidence: "shown",
		Change: change, Variant: "with " + change, Against: AsItIs, Outcome: outcome,
		Diff:  "--- deployment/gw\n+++ deployment/gw\n@@ -1,4 +1,8 @@\n spec:\n   template:\n     spec:\n       containers:\n-        - name: gw\n+        - lifecycle:\n+            preStop:\n+              sleep:\n+                seconds: 3\n+          name: gw\n",
		Patch: "# kubectl patch deployment gw --patch-file FILE\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: gw\n",
	}
}

// proven is a proof of a change that fixes it.
func proven(t testing.TB) *record.Recording {
	fixed := NewRun(t, GracefulRequests(), Variant("with preStop.sleep 3 s", GracefulMarks(1108*ms)))
	rec := Recording(Tried(t, AsItIs, 253), fixed)
	rec.Proof = &record.Proof{Variant: AsItIs, Rounds: []record.ProofRound{Round("preStop.sleep 3 s", record.Fixed)}, File: "fix.yaml"}
	return rec
}

// refuted is a proof in which one change did not help, and another could not be
// made.
func refuted(t testing.TB) *record.Recording {
	rec := Recording(Tried(t, AsItIs, 253), Tried(t, "with preStop.sleep 3 s", 250))
	untried := Round("terminationGracePeriodSeconds 60", "")
	untried.Variant = ""
	rec.Proof = &record.Proof{
		Variant: AsItIs, Rounds: []record.ProofRound{Round("preStop.sleep 3 s", record.NoChange), untried},
		Stopped: "missing permissions in namespace web: patch deployments",
	}
	return rec
}
