package progress

import "time"

// redraw is how often a line on a terminal is drawn.
const redraw = 200 * time.Millisecond

// patience is how long the end of progress waits for a terminal or a pipe that
// nobody reads.
const patience = time.Second

// Draw keeps the line of t on a terminal. The function it returns ends this and
// clears the line.
func Draw(t *Tracker, screen *Screen) (stop func()) {
	return inBackground(func(done <-chan struct{}) {
		tick := time.NewTicker(redraw)
		defer tick.Stop()
		for {
			select {
			case <-done:
				screen.Show("")
				return
			case <-tick.C:
				// Leave the last column free: some terminals wrap when it is filled.
				screen.Show(t.Line(screen.Width() - 1))
			}
		}
	})
}

// Print prints the plain lines of t. The function it returns ends this.
func Print(t *Tracker, say func(line string)) (stop func()) {
	return inBackground(func(done <-chan struct{}) {
		idle := time.NewTimer(0)
		defer idle.Stop()
		for {
			if at, planned := t.due(); planned {
				idle.Reset(time.Until(at))
			} else {
				idle.Stop()
			}
			var lines []string
			select {
			case <-done:
				for _, line := range t.rest() {
					say(line)
				}
				return
			case <-t.changed:
			case <-idle.C:
				lines = t.take(time.Now())
			}
			for _, line := range lines {
				say(line)
			}
		}
	})
}

// inBackground runs show until stop is called, which waits for its end, but not
// long: nothing is worth less than the report.
func inBackground(show func(done <-chan struct{})) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		show(done)
	}()
	return func() {
		close(done)
		select {
		case <-gone:
		case <-time.After(patience):
		}
	}
}
