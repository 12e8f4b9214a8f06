package record

// Fate is the outcome of a started request.
type Fate uint8

// The fates. Every started request has exactly one.
const (
	FateOK      Fate = iota // complete response with an accepted status, or turned away by GOAWAY and --ok takes that
	FateLost                // failed outside this machine, or unexpected status
	FateSpoiled             // failed because of this machine
	FateAborted             // in flight when the run was stopped
)

// FateNames are the names of the fates in recordings and streams, indexed by
// Fate.
var FateNames = [...]string{"ok", "lost", "spoiled", "aborted"}

func (f Fate) String() string { return FateNames[f] }

// Of reports whether a request with this fate can have the class. One that is ok
// has a class only if it has no response: --ok goaway.
func (f Fate) Of(c Class) bool {
	switch f {
	case FateLost:
		return c != 0 && !c.Spoiled()
	case FateSpoiled:
		return c.Spoiled()
	case FateOK:
		return c == 0 || c.Cause() == CauseGoaway
	default:
		return c == 0
	}
}

// Phases are the parts of one exchange, in ns, summed over the hops of a redirect
// chain. A part that did not happen is 0.
type Phases struct {
	DNS     int64 // name look-up
	Connect int64 // until the connection is established, look-up and TLS included
	TLS     int64 // the TLS handshake
	Send    int64 // writing the request
	Wait    int64 // until the first byte of the response
	Read    int64 // until its last byte
}

// Result is the outcome of one request. Times are ns from the run's start.
type Result struct {
	Start, End int64
	Phases     Phases
	Fate       Fate
	Class      Class // 0 for FateAborted, and for FateOK unless it has no response: see Fate.Of
	Status     int   // of the response, 0 without one
	Reused     bool  // the connection had carried a request before
	Redirected bool  // a redirect was followed, so an earlier hop had been answered
	Endpoint   int   // index into the recorder's endpoints, -1 for none
	Connection int64 // its number in the run, 0 for none
	Idle       int64 // for how long a reused connection had carried nothing, in ns
	Goaway     int64 // of a lost request whose connection ended: how long before that the server had sent GOAWAY, at least 1 ns; 0 = it had not
	Bytes      int64 // body bytes received
	Unproven   bool  // nothing shows that the body is complete
	Unsized    bool  // the head did not say how long the body is: it was chunked, or ended with the connection
	Sample     string
	Response   []byte // kept part of a response with an unexpected status, encoded by ResponseText
}

// Whole reports whether a complete response arrived, which shows that the
// endpoint responds, even if it is not what --expect-body or --expect-header asks
// for. In all else, such a response counts as a failure.
func (r *Result) Whole() bool {
	return r.Responded() || r.Fate == FateLost && r.Class == NewClass(StageBody, CauseRejected)
}

// Responded reports whether a complete response arrived that counts as one, with
// any status.
func (r *Result) Responded() bool {
	return r.Fate == FateOK && r.Class == 0 || r.Fate == FateLost && r.Class.Stage() == StageStatus
}
