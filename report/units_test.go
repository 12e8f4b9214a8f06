package report_test

import "time"

const (
	us = int64(time.Microsecond)
	ms = int64(time.Millisecond)
)
