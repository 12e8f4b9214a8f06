package loadgen

import (
	"fmt"
	"strconv"
	"time"
)

// unlikelyRate is a rate in requests per second that few machines can send. Who
// asks for more probably took the rate of each worker for that of the load.
const unlikelyRate = 250_000

// doubts lists what was given and is probably not what was meant, one sentence
// each.
func (c *Config) doubts() []string {
	var list []string
	if total := c.Rate * float64(c.Workers); total > unlikelyRate && c.Workers > 1 {
		asked := strconv.FormatFloat(c.Rate, 'f', -1, 64)
		list = append(list, fmt.Sprintf("-q is per worker, as in hey: -q %s with -c %d asks for %s million requests/s, more than most machines can send; for %s/s in all, use -q %s",
			asked, c.Workers, threeDigits(total/1e6), asked, threeDigits(c.Rate/float64(c.Workers))))
	}
	if _, err := time.ParseDuration(string(c.Body)); err == nil && c.Method == "GET" {
		list = append(list, fmt.Sprintf("-d %q is sent as the body of each request; to send for that long, use -z %s", c.Body, c.Body))
	}
	return list
}

// threeDigits rounds to three significant digits, without an exponent.
func threeDigits(v float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64) // what it formats, it parses
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}
