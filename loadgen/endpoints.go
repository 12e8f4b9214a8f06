package loadgen

import "nodrop/loadgen/internal/wire"

// Endpoint is one remote address that connections go to.
type Endpoint = wire.Endpoint

// Endpoints chooses the address of the next new connection.
type Endpoints = wire.Endpoints
