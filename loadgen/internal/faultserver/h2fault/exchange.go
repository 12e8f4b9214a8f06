package h2fault

import "time"

// Exchange is a number of requests on one connection, and what the server does
// with them.
type Exchange struct {
	Kind    Kind
	Method  string
	Body    int // bytes of each request's body
	Streams int // requests at once
}

// exchangeStreams is how many requests an exchange has.
const exchangeStreams = 4

// largeBody does not fit the windows that a client has before it knows the
// server's; smallBody fits any.
const (
	largeBody = 100_000
	smallBody = 3000
)

// Exchanges lists two exchanges for each kind, of requests without and with
// bodies. Each ends within the client's timeout, and [Kind.Says] has what the
// client must say of each stream.
func Exchanges() []Exchange {
	var all []Exchange
	for _, k := range Kinds() {
		body := smallBody
		if k.OfConnections() || kinds[k].open != nil {
			body = largeBody
		}
		all = append(all, Exchange{k, "GET", 0, exchangeStreams}, Exchange{k, "POST", body, exchangeStreams})
	}
	return all
}

// Plan is the plan of a server for this exchange alone, in which all requests
// are on one connection: it waits for all of them.
func (e Exchange) Plan() Plan {
	plan := Always(e.Kind)
	plan.Gather, plan.Patience, plan.Requests = e.Streams, time.Minute, max(1, e.Streams-1)
	return plan
}

// Says returns what the client must say of a stream of this fate, as Kind.Says.
func (e Exchange) Says(f Fate) []string { return e.Kind.Says(f, e.Body > 0) }
