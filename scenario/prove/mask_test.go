package prove

import (
	"context"
	"testing"

	"nodrop/loadgen/record"
)

// differing makes the changes of a world, each with the same diff.
type differing struct {
	*world
	diff string
}

func (d *differing) Fix(ctx context.Context, findings []record.Finding) (fix *Fix, why string, err error) {
	if fix, why, err = d.world.Fix(ctx, findings); fix != nil {
		fix.Diff = d.diff
	}
	return fix, why, err
}

// TestProveMasks: a change is shown and recorded without secrets.
func TestProveMasks(t *testing.T) {
	w := &world{causes: []cause{{code: "A", confidence: "shown", lost: 30}}}
	const want = "-  x: old\n+  x: ***\n+  url: http://me:***@host/\n"
	shown := ""
	rec, err := w.prove(t, func(p *Proof) {
		p.Fixer = &differing{w, "-  x: old\n+  x: S3CRET\n+  url: http://me:p4ss@host/\n"}
		p.Scenario.Secrets.Add("S3CRET", "***")
		p.Approve = func(_ context.Context, fix *Fix) (string, error) {
			shown = fix.Diff
			return "", nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if recorded := rec.Proof.Rounds[0].Diff; shown != want || recorded != want {
		t.Errorf("shown:\n%srecorded:\n%swant:\n%s", shown, recorded, want)
	}
}
