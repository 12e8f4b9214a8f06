package errorshape

// Reason is what a gateway's error page says about its upstream. A page may
// stand for several reasons.
type Reason uint8

// The reasons.
const (
	NoServer   Reason = 1 << iota // there was no upstream to send the request to
	NotReached                    // the connection to the upstream failed
	Closed                        // the upstream closed the connection before it responded
	Late                          // the upstream took too long
	NoRoute                       // the gateway does not know where the request belongs
	Limited                       // a limit was reached: too many requests or connections
)

// Said is what the responses with one status say.
type Said struct {
	Reason Reason // of all of them
	Known  bool   // nearly all of them are a known gateway's own
}

// reasonOf returns what a status says by itself: only a gateway sends 502 or
// 504.
func reasonOf(status int) Reason {
	switch status {
	case 502:
		return NotReached | Closed
	case 504:
		return Late
	}
	return 0
}

// CanArrive reports whether an endpoint that cannot serve yet may respond with
// a status.
func CanArrive(status int) bool {
	switch status {
	case 404, 500, 502, 503, 504:
		return true
	}
	return false
}

// canLeave reports whether an endpoint that is stopping may respond with a
// status.
func canLeave(status int) bool {
	switch status {
	case 429, 500, 502, 503, 504:
		return true
	}
	return false
}
