package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	"nodrop/loadgen/internal/engine"
	"nodrop/loadgen/internal/h1"
	"nodrop/loadgen/internal/wire"
	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
)

// attempt is one probe in progress.
type attempt struct {
	prober *Prober
	probe  record.Probe
	began  int64 // when the current step began, ns from the run's start
	socket wire.Socket

	session *session // to resume, if there is one; nil for a whole handshake
}

// failure is why an attempt failed.
type failure struct {
	stage record.Stage
	err   error
}

// maxRead is how many bytes of a response a probe reads. One that has come so
// far shows that the endpoint works.
const maxRead = 1 << 20

// errLongHead means that the response has no end of its head within maxRead.
var errLongHead = errors.New("endless response head")

// class makes the attempt. It returns the class of a request that fails in the
// same way, 0 if the endpoint works.
func (a *attempt) class(ctx context.Context, to *wire.Endpoint) record.Class {
	j := a.prober.job
	a.began = a.probe.Start
	s, hangUp, err := wire.DialTrial(ctx, to, a.prober.sources.Next(to), time.Now().Add(a.prober.patience))
	if hangUp != nil {
		defer hangUp()
	}
	if err != nil {
		return a.classify(record.StageConnect, err)
	}
	a.socket, a.probe.Connected = s, a.prober.now()
	if local, ok := s.LocalAddr().(*net.TCPAddr); ok {
		a.probe.Port = local.Port
	}
	if fail := a.open(ctx); fail != nil {
		return a.classify(fail.stage, fail.err)
	}
	if secure, ok := a.socket.(*wire.SecureSocket); ok {
		defer func() { _ = secure.Close() }() // an error here adds nothing
	}
	if !asks(&j.First) {
		return 0
	}
	status, fail := a.ask(ctx)
	switch {
	case fail != nil:
		return a.classify(fail.stage, fail.err)
	case j.OK[status], j.Redirects && status/100 == 3:
		return 0
	}
	return record.StatusClass(status)
}

// asks reports whether a probe sends the request: one that changes nothing on
// the server, and that can be sent as a whole.
func asks(h *engine.Hop) bool {
	return (h.Method == "GET" || h.Method == "HEAD") && h.Body.File == nil && !h.Expects
}

// classify returns the class of a failure. It blames this machine for a wait
// that was longer than intended because nodrop did not run.
func (a *attempt) classify(stage record.Stage, err error) record.Class {
	j := a.prober.job
	if stage == record.StageConnect && j.Proxy != nil {
		stage = record.StageProxy
	}
	if wire.IsTimeout(err) && j.Stalls.Ours(a.began, a.prober.now(), int64(a.prober.patience)) {
		err = wire.ErrStalled
	}
	return wire.Classify(stage, err)
}

// step begins a step, which has its own time.
func (a *attempt) step(ctx context.Context) error {
	a.began = a.prober.now()
	if err := a.socket.SetDeadline(time.Now().Add(a.prober.patience)); err != nil {
		return err
	}
	return ctx.Err() // an end of ctx before this came before the deadline, which undid it
}

// open makes a tunnel and TLS, if the load uses them.
func (a *attempt) open(ctx context.Context) *failure {
	at := &a.prober.job.First
	if at.Tunnel {
		err := a.step(ctx)
		if err == nil {
			err = a.prober.job.Proxy.Open(a.socket, at.Target.Hostport())
		}
		if err != nil {
			return &failure{record.StageProxy, err}
		}
	}
	if at.TLS == nil {
		return nil
	}
	config := at.TLS
	if a.session != nil {
		config = a.session.config()
	}
	err := a.step(ctx)
	if err == nil {
		var secure *wire.SecureSocket
		if secure, err = wire.Secure(a.socket, config); err == nil {
			a.socket = secure
			return nil
		}
	}
	return &failure{record.StageTLS, err}
}

// ask sends the load's request and reads the response.
func (a *attempt) ask(ctx context.Context) (status int, fail *failure) {
	at := &a.prober.job.First
	if err := a.step(ctx); err != nil {
		return 0, &failure{record.StageSend, err}
	}
	a.probe.Asked = true
	if at.HTTP2 != nil {
		return a.askOverHTTP2()
	}
	if _, err := a.socket.Write(at.Bytes); err != nil {
		return 0, &failure{record.StageSend, err}
	}
	var parser h1.Parser
	parser.Capture = a.captured()
	parser.Reset(at.Method == "HEAD")
	for read := 0; !parser.Done() && read < maxRead; {
		n, err := a.read(&parser)
		read += n
		if wire.IsTimeout(err) && parser.Status() != 0 {
			break // a slow body shows that the endpoint works, too
		}
		if err != nil {
			return 0, &failure{wire.StageOf(parser.Stage()), err}
		}
	}
	if parser.Status() == 0 {
		return 0, &failure{record.StageHead, errLongHead}
	}
	return a.responded(&parser), nil
}

// captured are the fields that a probe wants to see.
func (a *attempt) captured() []string {
	if a.prober.header == "" {
		return nil
	}
	return []string{a.prober.header}
}

// responded notes what a response says.
func (a *attempt) responded(p engine.Response) (status int) {
	if a.prober.header != "" {
		a.probe.Replica = safetext.Bounded(string(p.Captured(0)))
	}
	a.probe.Status = p.Status()
	return a.probe.Status
}

// read passes what one read returns to the parser.
func (a *attempt) read(parser *h1.Parser) (n int, err error) {
	lent, n, err := wire.ReadLent(a.socket)
	defer wire.GiveBack(lent)
	if n > 0 {
		if _, malformed := parser.Feed(lent[:n]); malformed != nil {
			return n, malformed
		}
	}
	switch {
	case parser.Done() || err == nil:
		return n, nil // an error that TLS returns along with the last bytes comes again
	case !errors.Is(err, io.EOF):
		return n, err
	}
	if secure, ok := a.socket.(*wire.SecureSocket); ok && secure.Truncated() {
		return n, parser.Cut()
	}
	return n, parser.EOF()
}

// outcomeOf puts the class of a probe in the terms of a report.
func outcomeOf(c record.Class) record.ProbeOutcome {
	switch {
	case c == 0:
		return record.ProbeOK
	case c.Stage() == record.StageStatus:
		return record.ProbeHTTPError
	}
	switch c.Cause() {
	case record.CauseRefused:
		return record.ProbeRefused
	case record.CauseReset, record.CauseEOF:
		return record.ProbeReset
	case record.CauseTimeout:
		return record.ProbeTimeout
	case record.CauseUnreachable:
		return record.ProbeUnreachable
	default:
		if c.Stage() == record.StageTLS {
			return record.ProbeTLSFailed
		}
		return record.ProbeOther
	}
}
