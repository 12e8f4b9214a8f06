package proc

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"sync"
)

// output is the pipes for a child's stdout and stderr. They are our own: with
// those of exec, Wait would either lose unread output or wait for the readers,
// and the exit time would be late.
type output struct{ readers, writers [2]*os.File }

func connect(cmd *exec.Cmd) (*output, error) {
	o := &output{}
	for i := range o.readers {
		var err error
		if o.readers[i], o.writers[i], err = os.Pipe(); err != nil {
			o.close()
			return nil, err
		}
	}
	cmd.Stdout, cmd.Stderr = o.writers[0], o.writers[1]
	return o, nil
}

func (o *output) close() {
	for i := range o.readers { // those that are nil do no harm
		_, _ = o.readers[i].Close(), o.writers[i].Close()
	}
}

// read passes each line on. The caller can wait until everything is read.
func (o *output) read(p *Process, c *Child) *sync.WaitGroup {
	var reading sync.WaitGroup
	for i, take := range []func(*Process, string){c.Stdout, c.Stderr} {
		_ = o.writers[i].Close() // the child has a copy
		reading.Go(func() {
			eachLine(o.readers[i], func(line string) { take(p, line) })
		})
	}
	return &reading
}

// eachLine calls take for each line of r until its end.
func eachLine(r io.ReadCloser, take func(string)) {
	defer func() { _ = r.Close() }()
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		take(lines.Text())
	}
	// If a line is too long for the scanner, the rest is discarded: a child
	// must never block on its output.
	_, _ = io.Copy(io.Discard, r)
}
