package probe

import (
	"errors"
	"io"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h2"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
)

// askOverHTTP2 sends the load's request as the only stream of a connection, and
// reads the response.
func (a *attempt) askOverHTTP2() (status int, fail *failure) {
	if s, ok := a.socket.(*wire.SecureSocket); ok && s.Protocol() != wire.ProtocolH2 {
		return 0, &failure{record.StageTLS, &wire.ProtocolError{Chosen: s.Protocol()}}
	}
	ended := false
	c := h2.Conn{Capture: a.captured(), Ended: func(*h2.Stream) { ended = true }}
	var st h2.Stream
	c.Begin()
	c.Start(&st, a.prober.job.First.HTTP2)
	for read := 0; !ended && read < maxRead; {
		n, err := a.turn(&c)
		read += n
		if err != nil {
			c.End(err)
		}
	}
	err := st.Err()
	switch {
	case st.Status() != 0 && (err == nil || wire.IsTimeout(err)): // a slow body shows that the endpoint works, too
		return a.responded(&st), nil
	case err == nil:
		return 0, &failure{record.StageHead, errLongHead}
	}
	return 0, &failure{engine.StreamStage(&st), err}
}

// turn sends what is pending, and passes what one read returns on. An error that
// the peer caused while nodrop wrote is left to the read.
func (a *attempt) turn(c *h2.Conn) (read int, err error) {
	sent, writeErr := a.socket.Write(c.Pending())
	c.Sent(sent)
	lent, n, err := wire.ReadLent(a.socket)
	defer wire.GiveBack(lent)
	if n > 0 {
		return n, c.Feed(lent[:n])
	}
	if writeErr != nil && (wire.IsTimeout(err) || errors.Is(err, io.EOF)) {
		err = writeErr
	}
	return n, err
}
