package h2

// SetWindow makes the windows of the next connection small.
func (c *Conn) SetWindow(n int64) { c.window = n }
