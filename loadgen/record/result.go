package record

// Fate is what became of a started request.
type Fate uint8

// The fates; every started request has exactly one.
const (
	FateOK      Fate = iota // answered whole, with an accepted status
	FateLost                // failed for a reason on the other side, or an unexpected status
	FateSpoiled             // failed for a reason on this machine
	FateAborted             // in flight when the run was stopped
)

// FateNames are the fates as recordings and streams name them, by Fate.
var FateNames = [...]string{"ok", "lost", "spoiled", "aborted"}

func (f Fate) String() string { return FateNames[f] }

// Of reports whether a request with this fate can have the class.
func (f Fate) Of(c Class) bool {
	switch f {
	case FateLost:
		return c != 0 && !c.Spoiled()
	case FateSpoiled:
		return c.Spoiled()
	default:
		return c == 0
	}
}

// Phases are the parts of one exchange, in ns, summed over the hops of a
// redirect chain. A part that did not happen is 0.
type Phases struct {
	DNS     int64 // looking the name up
	Connect int64 // until the connection stood, look-up and TLS included
	TLS     int64 // the handshake of TLS
	Send    int64 // writing the request
	Wait    int64 // until the first byte of the response
	Read    int64 // until its last
}

// Result is the fate of one request. Times are ns from the run's start.
type Result struct {
	Start, End int64
	Phases     Phases
	Fate       Fate
	Class      Class // 0 for FateOK and FateAborted
	Status     int   // of the response, 0 without one
	Reused     bool  // the connection had carried a request before
	Redirected bool  // a redirect was followed: an earlier hop had been answered
	Endpoint   int   // index into the recorder's endpoints, -1 for none
	Connection int64 // its number in the run, 0 for none
	Bytes      int64 // body bytes received
	Unproven   bool  // nothing shows that they are all there were
	Sample     string
	Response   []byte // what is kept of a response with an unexpected status, as ResponseText writes it
}

// Responded reports whether a complete answer arrived, with whatever status.
func (r *Result) Responded() bool {
	return r.Fate == FateOK || r.Fate == FateLost && r.Class.Stage() == StageStatus
}
