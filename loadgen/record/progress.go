package record

import "time"

// Progress is how far a load has got.
type Progress struct {
	Stream                  string // of several loads side by side, "" for the only one
	Started, Finished, Lost int64
	Elapsed                 time.Duration
	Planned                 int64         // 0 when the duration decides
	Duration                time.Duration // 0 when the requests decide
}
