package gateway

// Builtin is this program as a gateway. It reports when it listens and when it
// has closed its listener.
func Builtin() *Gateway {
	return &Gateway{
		Name: "builtin",
		Stops: map[Mode]Stopping{
			Abrupt:   {text: "TERM, exits at once", Signal: "TERM"},
			Naive:    {text: "TERM", Signal: "TERM"},
			Graceful: {text: "Connection: close, TERM after DELAY", Hook: true, Signal: "TERM", Drain: true},
		},
	}
}
