package kube

import (
	"testing"

	"nodrop/scenario"
	"nodrop/scenario/kube/api"
)

// TestAmended: what is added to a setup may bring the pods that a step takes away,
// so no preflight check requires them. The variant itself stays as it was.
func TestAmended(t *testing.T) {
	a := &api.Access{}
	drain, evict := &Drain{Access: a, Node: "n1", Alone: true}, &Delete{Access: a, Selector: "app=gw", Evict: true, Alone: true}
	list := []scenario.Variant{{Timeline: []scenario.Step{{Action: drain}, {Action: evict}}}}
	Prepare(list)
	amended := Amended(list[0], &Replaced{Access: a, Object: gw()})
	found := 0
	for _, action := range amended.Setup {
		check, ok := action.(*Preflight)
		if !ok {
			continue
		}
		for _, action := range check.Actions {
			switch action := action.(type) {
			case *Drain:
				found++
				if action.Alone {
					t.Errorf("%s: alone", action)
				}
			case *Delete:
				found++
				if action.Alone {
					t.Errorf("%s: alone", action)
				}
			}
		}
	}
	if found != 2 {
		t.Errorf("a preflight check of %d steps; want 2", found)
	}
	if !drain.Alone || !evict.Alone || list[0].Timeline[0].Action != drain {
		t.Error("the steps of the variant itself are changed")
	}
}
