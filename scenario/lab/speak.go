package lab

import "nodrop/scenario/lab/gateway"

// Spoken returns the protocols that a load can speak to a fleet.
func Spoken() []gateway.Proto { return []gateway.Proto{gateway.H1, gateway.H1S} }
