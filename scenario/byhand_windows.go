package scenario

import "os"

var handSignals []os.Signal
