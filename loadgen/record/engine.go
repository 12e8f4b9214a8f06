package record

// Engine names what carries a load out.
type Engine string

// The engines.
const (
	EngineAuto Engine = "auto" // the loop where it applies, or else the pool
	EnginePool Engine = "pool" // a goroutine per worker: every protocol, every system
	EngineLoop Engine = "loop" // a thread per processor, with epoll: cleartext HTTP/1.1 on Linux
)

// EngineNames lists the engines as --engine takes them.
func EngineNames() []string {
	return []string{string(EngineAuto), string(EnginePool), string(EngineLoop)}
}
