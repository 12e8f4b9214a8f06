//go:build !race

package loadgen

const raceDetected = false
