//go:build !race

package tlsconn

const raceDetected = false
