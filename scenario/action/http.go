package action

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"nodrop/loadgen/record"
	"nodrop/loadgen/safetext"
	"nodrop/scenario"
)

// HTTP sends one request, for example to an admin endpoint.
type HTTP struct {
	Method  string // "" is GET, or POST if there is a body
	URL     string
	Title   string   // the name in messages; "" is the URL without its secrets
	Header  []string // "Name: value"
	Body    string
	Status  record.StatusSet // expected; "" is 2xx
	Timeout time.Duration    // 0 means 10 s
	UndoBy  *HTTP            // restores what the request changed
	// Still requests the state that the request changed. It is sent after the
	// request and again before UndoBy. If the two bodies differ, someone else
	// has changed the state since: Undo leaves it as it is and reports that.
	Still *HTTP

	undo undoing
}

// Shown returns the URL for use in messages.
func (h *HTTP) Shown() string { return cmp.Or(h.Title, safetext.MaskURL(h.URL)) }

// maxBody is how much of a response is read, in bytes.
const maxBody = 1 << 20

// String returns the method and the URL.
func (h *HTTP) String() string { return strings.TrimSpace(h.Method + " " + h.Shown()) }

// Undoes describes UndoBy.
func (h *HTTP) Undoes(acted bool) (what string, ends bool) {
	if h.UndoBy == nil || acted && !h.undo.acted {
		return "", false
	}
	return h.UndoBy.String(), false
}

// Run sends the request.
func (h *HTTP) Run(ctx context.Context, _ *scenario.Env) error {
	_, err := h.send(ctx)
	h.undo.after(ctx, h.Still.ask())
	if err == nil && h.undo.leftErr != nil {
		return h.undo.leftErr
	}
	return err
}

// ask returns nil if h is nil.
func (h *HTTP) ask() ask {
	if h == nil {
		return nil
	}
	return h.send
}

// Undo sends UndoBy if the state is still as the request left it.
func (h *HTTP) Undo(ctx context.Context) error {
	what := h.Shown()
	if h.Still != nil {
		what = h.Still.Shown()
	}
	return h.undo.back(ctx, what, h.Still.ask(), h.UndoBy.ask())
}

// send returns the first megabyte of the response body.
func (h *HTTP) send(ctx context.Context) ([]byte, error) {
	limit := h.Timeout
	if limit == 0 {
		limit = 10 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	request, err := h.request(ctx)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil}}
	response, err := client.Do(request)
	if err != nil {
		return nil, h.failed(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", request.Method, h.Shown(), err)
	}
	want := h.Status
	if want == "" {
		want = "2xx"
	}
	if ok, err := want.Has(response.StatusCode); err != nil || !ok {
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%s %s: status %d, want %s", request.Method, h.Shown(), response.StatusCode, want)
	}
	return body, nil
}

// failed masks the URL that an error of net/http contains.
func (h *HTTP) failed(err error) error {
	if named, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("%s %q: %w", named.Op, h.Shown(), named.Err)
	}
	return err
}

func (h *HTTP) request(ctx context.Context) (*http.Request, error) {
	method := h.Method
	switch {
	case method != "":
	case h.Body != "":
		method = http.MethodPost
	default:
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(ctx, method, h.URL, strings.NewReader(h.Body))
	if err != nil {
		return nil, h.failed(err)
	}
	for _, field := range h.Header {
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			return nil, fmt.Errorf("header field %q has no colon", safetext.MaskText(field))
		}
		request.Header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		if strings.EqualFold(strings.TrimSpace(name), "host") {
			request.Host = strings.TrimSpace(value)
		}
	}
	return request, nil
}
