package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"nodrop/loadgen"
	"nodrop/loadgen/record"
	"nodrop/scenario/lab/backend"
)

// TargetError means that a load would meet nothing but failures. It says how the
// backend responded to one request of that load.
type TargetError struct {
	Method, Path string
	Status       int    // one that the load does not accept; 0 if there was no response
	Problem      string // why there was none
}

func (e *TargetError) Error() string {
	if e.Status == 0 {
		return fmt.Sprintf("the test request %s %s failed: %s", e.Method, e.Path, e.Problem)
	}
	return fmt.Sprintf("the test request %s %s returned status %d", e.Method, e.Path, e.Status)
}

// CheckTarget requests the load's page from the backend before anything starts:
// a load whose every request fails would show nothing. The error is a
// *TargetError if it would.
func (e *Experiment) CheckTarget(ctx context.Context) error {
	cfg := e.Load
	status, problem, err := 0, "", error(nil)
	if e.Fleet.Backend == "" {
		cfg.URL = e.URL()
		status, err = ownStatus(&cfg)
	} else {
		status, problem, err = askBackend(ctx, cfg, "http://"+e.Fleet.Backend+e.Path)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	case problem != "":
		return &TargetError{Method: cfg.Method, Path: e.Path, Problem: problem}
	case status == 0: // a slow page
		return nil
	}
	if ok, err := cfg.OK.Has(status); ok || err != nil {
		return err
	}
	return &TargetError{Method: cfg.Method, Path: e.Path, Status: status}
}

// ownStatus returns the status of our own backend; 0 for a page that responds
// after a delay.
func ownStatus(cfg *loadgen.Config) (int, error) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // do not wait for delayed data
	ask := func(url string) (*statusOnly, error) {
		w := &statusOnly{header: http.Header{}}
		req, err := http.NewRequestWithContext(ctx, cfg.Method, url, http.NoBody)
		if err == nil {
			backend.New().ServeHTTP(w, req)
		}
		return w, err
	}
	w, err := ask(cfg.URL)
	if to := w.header.Get("Location"); err == nil && to != "" && !cfg.DisableRedirects {
		w, err = ask("http://gateway" + to)
	}
	return w.status, err
}

type statusOnly struct {
	header http.Header
	status int
}

func (w *statusOnly) Header() http.Header { return w.header }

func (w *statusOnly) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return io.Discard.Write(b)
}

func (w *statusOnly) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// askTime is how long to wait for a backend. One that has accepted the
// connection may take longer, up to the load's own timeout.
const askTime = 5 * time.Second

// askBackend sends one request of the load directly to the backend. It returns
// the status, or 0 for a slow response, or the problem.
func askBackend(ctx context.Context, cfg loadgen.Config, url string) (status int, problem string, err error) {
	cfg.URL, cfg.Requests, cfg.Workers, cfg.Duration, cfg.Rate, cfg.TraceLost = url, 1, 1, 0, 0, 0
	cfg.Probe, cfg.HTTP2 = loadgen.ProbeOff, "" // gateways speak HTTP/1.1 to it
	patient := cfg.Timeout < 0 || cfg.Timeout > askTime
	if patient {
		cfg.Timeout = askTime
	}
	cfg.DrainBound = time.Millisecond // do not wait after a Ctrl-C
	load, err := loadgen.New(ctx, cfg)
	if _, ok := errors.AsType[*loadgen.ResolveError](err); ok {
		return 0, err.Error(), nil
	}
	if err != nil {
		return 0, "", err
	}
	run := load.Run(ctx)
	if ctx.Err() != nil {
		return 0, "", ctx.Err()
	}
	class := run.Outcomes[0].Class
	for status := range run.Statuses {
		if run.Counts.OK == 1 || class.Stage() == record.StageStatus {
			return status, "", nil
		}
	}
	if patient && class.Cause() == record.CauseTimeout && class.Stage() != record.StageConnect {
		return 0, "", nil
	}
	text := run.Samples[0].Text
	if _, said, ok := strings.Cut(text, `": `); ok {
		text = said // the message has the URL already
	}
	return 0, text, nil
}
