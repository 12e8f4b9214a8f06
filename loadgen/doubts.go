package loadgen

import (
	"fmt"
	"time"
)

// unlikelyRate is a rate in requests per second that few machines can send. Who
// asks for more probably took the rate of each worker for that of the load.
const unlikelyRate = 250_000

// doubts lists what was given and is probably not what was meant, one sentence
// each.
func (c *Config) doubts() []string {
	var list []string
	if total := c.Rate * float64(c.Workers); total > unlikelyRate {
		list = append(list, fmt.Sprintf("-q is per worker, as in hey: -q %v with -c %d asks for %.3g million requests/s, more than most machines can send; for %v/s in all, use -q %.3g",
			c.Rate, c.Workers, total/1e6, c.Rate, c.Rate/float64(c.Workers)))
	}
	if _, err := time.ParseDuration(string(c.Body)); err == nil && c.Method == "GET" {
		list = append(list, fmt.Sprintf("-d %q is sent as the body of each request; to send for that long, use -z %s", c.Body, c.Body))
	}
	return list
}
