package lab

// builtinGateway is this program as a gateway, which says itself when it listens
// and when it no longer does.
func builtinGateway() *Gateway {
	return &Gateway{
		Name: "builtin",
		stops: map[StopMode]stopping{
			Abrupt:   {text: "TERM, at which it ends", signal: "TERM"},
			Naive:    {text: "TERM", signal: "TERM"},
			Graceful: {text: "Connection: close, TERM DELAY later", hook: true, signal: "TERM", drain: true},
		},
	}
}
