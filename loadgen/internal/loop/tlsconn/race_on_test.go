//go:build race

package tlsconn

// raceDetected reports that the race detector is on: sync.Pool then drops some
// items on purpose.
const raceDetected = true
