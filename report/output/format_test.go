package output

import "testing"

// TestMeant checks that every format that others have leads to one of nodrop's,
// and that none of nodrop's is taken for one of others.
func TestMeant(t *testing.T) {
	for _, m := range meant {
		if OfLoad.Takes(m.asked) {
			t.Errorf("-o %s is a format of nodrop's: take it out of the table", m.asked)
		}
		if !OfLoad.Takes(m.format) {
			t.Errorf("-o %s leads to %s, which does not exist", m.asked, m.format)
		}
	}
}
