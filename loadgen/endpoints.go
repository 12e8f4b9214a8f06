package loadgen

import "nodrop/loadgen/internal/wire"

// Endpoint is one remote address that connections go to.
type Endpoint = wire.Endpoint

// Endpoints says which address the next new connection goes to.
type Endpoints = wire.Endpoints
