// Package sysio holds the two system calls of the event loop's hot path: reading
// and writing without waiting, as the kernel reports it.
package sysio
