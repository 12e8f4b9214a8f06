package h2fault

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
// server's.
const largeBody = 100_000

// Exchanges lists an exchange for each kind, and a second one for each kind that
// treats requests with bodies in another way. Each ends within the client's
// timeout, and [Kind.Says] has what the client must say of each stream.
func Exchanges() []Exchange {
	var all []Exchange
	for _, k := range Kinds() {
		all = append(all, Exchange{k, "GET", 0, exchangeStreams})
		if k.OfConnections() || kinds[k].open != nil {
			all = append(all, Exchange{k, "POST", largeBody, exchangeStreams})
		}
	}
	return all
}

// Plan is the plan of a server for this exchange alone.
func (e Exchange) Plan() Plan {
	plan := Always(e.Kind)
	plan.Gather, plan.Requests = e.Streams, max(1, e.Streams-1)
	return plan
}

// Says returns what the client must say of a stream of this fate, as Kind.Says.
func (e Exchange) Says(f Fate) []string { return e.Kind.Says(f, e.Body > 0) }
