package record

import "time"

// Progress is how far a load has progressed.
type Progress struct {
	Stream                  string // its name among parallel loads; "" for a single load
	Started, Finished, Lost int64
	Elapsed                 time.Duration
	Planned                 int64         // 0 when the duration decides
	Duration                time.Duration // 0 when the requests decide
	Over                    bool          // no further request will be started
}
