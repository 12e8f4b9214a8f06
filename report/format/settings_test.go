package format

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"nodrop/loadgen/record"
	"nodrop/report"
	"nodrop/report/reporttest"
)

// TestSettingsThatReject: a program can tell why responses were rejected.
func TestSettingsThatReject(t *testing.T) {
	schema := compileSchema(t)
	for name, tt := range map[string]struct {
		settings record.Settings
		want     string
	}{
		"nothing": {record.Settings{}, `{"maxBody":null,"expectBody":null,"expectHeaders":[]}`},
		"all": {
			record.Settings{MaxBody: 10, ExpectBody: "^ok", ExpectHeaders: []string{"X-Version: ^v2", "Set-Cookie: ***"}},
			`{"maxBody":10,"expectBody":"^ok","expectHeaders":["X-Version: ^v2","Set-Cookie: ***"]}`,
		},
	} {
		run := reporttest.NewRun(t, reporttest.Steady(100, 0, ms, "gw-1"), reporttest.Edited(func(run *record.Run) {
			run.Settings.MaxBody, run.Settings.ExpectBody, run.Settings.ExpectHeaders = tt.settings.MaxBody, tt.settings.ExpectBody, tt.settings.ExpectHeaders
		}))
		text := render(t, ComputedJSON, report.Build(reporttest.Recording(run)))
		if err := schema.Validate(decoded(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var got struct {
			Runs []struct {
				Settings struct {
					MaxBody       json.RawMessage `json:"maxBody"`
					ExpectBody    json.RawMessage `json:"expectBody"`
					ExpectHeaders json.RawMessage `json:"expectHeaders"`
				} `json:"settings"`
			} `json:"runs"`
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		compact, err := json.Marshal(got.Runs[0].Settings)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, string(compact)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
