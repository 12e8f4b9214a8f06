//go:build race

package pool

// raceDetected: sync.Pool throws some of what it is given away, on purpose.
const raceDetected = true
