package api

import (
	"context"
	"testing"
	"time"
)

// TestUntilReason: a wait that ends while a request is under way says why, or that
// there was no response.
func TestUntilReason(t *testing.T) {
	for why, want := range map[string]string{
		"a budget does not allow it": "it does not hold after 1ms: a budget does not allow it",
		"":                           "it does not hold after 1ms: the API server had not responded by then",
	} {
		err := Until(t.Context(), "it does not hold", time.Millisecond, func(ctx context.Context) (bool, string, error) {
			<-ctx.Done()
			return false, why, ctx.Err()
		})
		if err == nil || err.Error() != want {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}
