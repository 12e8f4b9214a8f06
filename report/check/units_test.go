package check

import "time"

const (
	us = int64(time.Microsecond)
	ms = int64(time.Millisecond)
)
