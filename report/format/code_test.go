package format

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/report"
	"nodrop/report/diagnosis"
	"nodrop/report/reporttest"
)

// TestSchemaListsTheCodes: the schema accepts every code, and no others.
func TestSchemaListsTheCodes(t *testing.T) {
	var schema struct {
		Defs struct {
			Code struct {
				Enum []diagnosis.Code `json:"enum"`
			} `json:"code"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal([]byte(Schema), &schema); err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(slices.Values(schema.Defs.Code.Enum))
	if diff := cmp.Diff(slices.Sorted(slices.Values(diagnosis.Codes)), got); diff != "" {
		t.Errorf("the schema's codes differ (- Codes, + schema)\n%s", diff)
	}
}

// TestComputedJSONOfAFinding: a finding has its code, and its remedies as data.
func TestComputedJSONOfAFinding(t *testing.T) {
	var doc struct {
		Groups []struct {
			Findings []struct{ Code string }
		}
		Runs []struct {
			Products []string
			Findings []struct {
				Code     string
				Settings []remedySettingJSON
			}
		}
	}
	run := reporttest.NewRun(t, reporttest.AbruptRequests(), reporttest.Variant("abrupt", reporttest.AbruptMarks()))
	run.Products = []string{"ASM", "Kubernetes"}
	again := *run
	run.Repetition, again.Repetition = 1, 2
	if err := json.Unmarshal([]byte(render(t, ComputedJSON, report.Build(reporttest.Recording(run, &again)))), &doc); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Kubernetes", "ASM"}, doc.Runs[0].Products); diff != "" {
		t.Errorf("products: %s", diff)
	}
	first := doc.Runs[0].Findings[0]
	if first.Code != "closed-before-removed" || doc.Runs[0].Findings[1].Code != "cut-at-exit" || doc.Groups[0].Findings[0].Code != "closed-before-removed" {
		t.Errorf("got %+v", doc)
	}
	text := func(s string) *string { return &s }
	want := []remedySettingJSON{
		{Product: "Kubernetes", Object: text("container"), Setting: "lifecycle.preStop.sleep.seconds", Value: "1", Unit: text("s")},
		{Product: "ASM", Version: text("from 1.26"), Object: text("IstioGateway"), Setting: "asm.alibabacloud.com/gateway-drain-timeout-seconds", Value: "10", Unit: text("s")},
		{Product: "ASM", Version: text("before 1.26"), Object: text("IstioGateway"), Setting: "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain", Value: "on"},
		{Product: "ASM", Version: text("before 1.26"), Object: text("IstioGateway"), Setting: "service.beta.kubernetes.io/alibaba-cloud-loadbalancer-connection-drain-timeout", Value: "10", Unit: text("s")},
	}
	if diff := cmp.Diff(want, first.Settings); diff != "" {
		t.Errorf("settings: %s", diff)
	}
}
