package scenario

import (
	"context"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
)

// local is a load that this program sends.
type local struct {
	*loadgen.Load
	run   *record.Run
	ended chan struct{} // closed once run is set
}

func newLocal(ctx context.Context, cfg loadgen.Config) (Load, error) {
	load, err := loadgen.New(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &local{Load: load, ended: make(chan struct{})}, nil
}

func (l *local) Start(ctx context.Context) {
	go func() {
		defer close(l.ended)
		l.run = l.Run(ctx)
	}()
	<-l.Started()
}

func (l *local) Stop() (bound time.Duration) {
	l.Load.Stop()
	return l.DrainBound()
}

func (l *local) Result() (*record.Run, error) {
	<-l.ended
	return l.run, l.Refused()
}
