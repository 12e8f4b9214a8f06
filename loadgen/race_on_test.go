//go:build race

package loadgen

// raceDetected: sync.Pool throws some of what it is given away, on purpose.
const raceDetected = true
