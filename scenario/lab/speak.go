package lab

import (
	"nodrop/loadgen"
	"nodrop/scenario/lab/gateway"
)

// Spoken returns the protocols that a load can speak to a fleet.
func Spoken() []gateway.Proto { return []gateway.Proto{gateway.H1, gateway.H1S} }

// speak makes a load speak the fleet's protocol. The certificate names the fleet,
// whatever the load's Host field names.
func (o *Options) speak(cfg *loadgen.Config) {
	if o.Proto.TLS() {
		cfg.TLS.ServerName = o.host()
	}
}
