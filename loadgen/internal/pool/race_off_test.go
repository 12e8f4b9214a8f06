//go:build !race

package pool

const raceDetected = false
