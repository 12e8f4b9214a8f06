package record

// Engine names the implementation that sends a load.
type Engine string

// The engines.
const (
	EngineAuto Engine = "auto" // the loop where it applies, otherwise the pool
	EnginePool Engine = "pool" // a goroutine per worker: every protocol, every system
	EngineLoop Engine = "loop" // a thread per processor, with epoll: HTTP/1.1 on Linux
)

// EngineNames lists the engines as --engine takes them.
func EngineNames() []string {
	return []string{string(EngineAuto), string(EnginePool), string(EngineLoop)}
}
