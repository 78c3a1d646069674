// Package adminclient asks the admin API of goldapd (package admin), for
// goldapctl.
//
//	c := adminclient.New("/run/goldap/admin.sock")
//	status, err := c.Status(ctx)
//
// An answer that is an error is an [*admin.Problem]. Where nobody answers, the
// error wraps [ErrUnavailable]; where only root may ask, [ErrForbidden].
package adminclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"github.com/goldap/goldap/pkg/admin"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/server"
)

// DefaultSocket is where goldapd answers.
const DefaultSocket = "/run/goldap/admin.sock"

// What can be wrong before there is an answer.
var (
	// ErrUnavailable: goldapd is not there, or has no admin API.
	ErrUnavailable = errors.New("goldapd does not answer")
	// ErrForbidden: the caller may not ask.
	ErrForbidden = errors.New("only root may ask")
)

// maxAnswer is the largest answer that is read, in bytes.
const maxAnswer = 64 << 20

// Client asks on one socket. Its methods may be called at the same time.
type Client struct {
	socket string
	http   http.Client
}

// New returns a client of the socket at that path. It connects when it is asked.
func New(socket string) *Client {
	return &Client{socket: socket, http: http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, // few requests, and none of them soon
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		},
	}}}
}

// request is one question.
type request struct {
	method, path string
	query        url.Values
	body         any
	etag         string
}

// ask makes a request and decodes the answer into value, which may be nil. It
// returns the ETag.
func (c *Client) ask(ctx context.Context, r request, value any) (etag string, err error) {
	answer, header, err := c.send(ctx, r)
	if err != nil {
		return "", err
	}
	if value != nil {
		if err := json.Unmarshal(answer, value); err != nil {
			return "", fmt.Errorf("%s: the answer is not what it should be: %w", c.socket, err)
		}
	}
	return header.Get("ETag"), nil
}

// send makes a request and returns the body of the answer, if it is no error.
func (c *Client) send(ctx context.Context, r request) ([]byte, http.Header, error) {
	httpRequest, err := r.http(ctx)
	if err != nil {
		return nil, nil, err
	}
	response, err := c.http.Do(httpRequest)
	if err != nil {
		return nil, nil, c.noAnswer(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrUnavailable, c.socket, err)
	}
	if response.StatusCode >= 300 {
		return nil, nil, problemOf(response, text)
	}
	return text, response.Header, nil
}

// http returns the request for net/http. The host does not matter.
func (r request) http(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	httpRequest, err := http.NewRequestWithContext(ctx, r.method, "http://goldap"+r.path+"?"+r.query.Encode(), body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		httpRequest.Header.Set("Content-Type", "application/json")
	}
	if r.etag != "" {
		httpRequest.Header.Set("If-Match", r.etag)
	}
	return httpRequest, nil
}

// noAnswer is the error for a request that nobody answered.
func (c *Client) noAnswer(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		err = operation.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w at %s", ErrForbidden, c.socket)
	}
	return fmt.Errorf("%w at %s: %w", ErrUnavailable, c.socket, err)
}

// problemOf is the error that an answer is.
func problemOf(response *http.Response, text []byte) error {
	p := &admin.Problem{}
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(text, p) != nil {
		p = &admin.Problem{Status: response.StatusCode, Title: http.StatusText(response.StatusCode), Detail: "the answer is " + response.Status}
	}
	if p.Status == http.StatusForbidden {
		return errors.Join(ErrForbidden, p)
	}
	return p
}

// Status says how the daemon is.
func (c *Client) Status(ctx context.Context) (server.Status, error) {
	var status server.Status
	_, err := c.ask(ctx, request{method: http.MethodGet, path: "/v1/status"}, &status)
	return status, err
}

// Metrics returns the figures for Prometheus, as text.
func (c *Client) Metrics(ctx context.Context) ([]byte, error) {
	text, _, err := c.send(ctx, request{method: http.MethodGet, path: "/metrics"})
	return text, err
}

// Flush makes the daemon forget what directories said.
func (c *Client) Flush(ctx context.Context) error {
	_, err := c.ask(ctx, request{method: http.MethodPost, path: "/v1/cache/flush"}, nil)
	return err
}

// Collection is one of the two lists of the API.
type Collection string

// The lists.
const (
	Directories Collection = "/v1/directories"
	Roles       Collection = "/v1/roles"
)

func (l Collection) path(name string) string { return string(l) + "/" + url.PathEscape(name) }

// List returns all items of a list, in order.
func (c *Client) List(ctx context.Context, l Collection) ([]admin.Item, error) {
	var items []admin.Item
	_, err := c.ask(ctx, request{method: http.MethodGet, path: string(l)}, &items)
	return items, err
}

// Get returns one item.
func (c *Client) Get(ctx context.Context, l Collection, name string) (admin.Item, error) {
	var item admin.Item
	etag, err := c.ask(ctx, request{method: http.MethodGet, path: l.path(name)}, &item)
	item.ETag = etag
	return item, err
}

// SaveOptions are for Add and Set.
type SaveOptions struct {
	// Force saves a directory of which no server is of use.
	Force bool
	// Position is when a new directory is asked, 1 for first; 0 is last.
	Position int
	// ETag is that of the item that was read; if there is another one by now,
	// nothing is changed.
	ETag string
}

func (o SaveOptions) query() url.Values {
	query := url.Values{}
	if o.Force {
		query.Set("force", "true")
	}
	if o.Position > 0 {
		query.Set("position", strconv.Itoa(o.Position))
	}
	return query
}

// Add adds an item with these settings, the name among them.
func (c *Client) Add(ctx context.Context, l Collection, settings map[string]any, o SaveOptions) (admin.Change, error) {
	var change admin.Change
	_, err := c.ask(ctx, request{method: http.MethodPost, path: string(l), query: o.query(), body: settings}, &change)
	return change, err
}

// Set replaces all settings of an item.
func (c *Client) Set(ctx context.Context, l Collection, name string, settings map[string]any, o SaveOptions) (admin.Change, error) {
	var change admin.Change
	_, err := c.ask(ctx, request{method: http.MethodPut, path: l.path(name), query: o.query(), body: settings, etag: o.ETag}, &change)
	return change, err
}

// Remove removes an item.
func (c *Client) Remove(ctx context.Context, l Collection, name string) error {
	_, err := c.ask(ctx, request{method: http.MethodDelete, path: l.path(name)}, nil)
	return err
}

// Reset goes back to the administrator's item of that name.
func (c *Client) Reset(ctx context.Context, l Collection, name string, o SaveOptions) (admin.Change, error) {
	var change admin.Change
	_, err := c.ask(ctx, request{method: http.MethodPost, path: l.path(name) + "/reset", query: o.query()}, &change)
	return change, err
}

// Move makes a directory the one at position, from 1 on, and returns all.
func (c *Client) Move(ctx context.Context, name string, position int) ([]admin.Item, error) {
	var items []admin.Item
	_, err := c.ask(ctx, request{method: http.MethodPost, path: Directories.path(name) + "/move", body: admin.Move{Position: position}}, &items)
	return items, err
}

// Verify has the daemon try every server of a directory.
func (c *Client) Verify(ctx context.Context, name string) (directory.Report, error) {
	var report directory.Report
	_, err := c.ask(ctx, request{method: http.MethodPost, path: Directories.path(name) + "/verify"}, &report)
	return report, err
}

const settingsPath = "/v1/authentication-settings"

// Settings returns the settings of authentication.
func (c *Client) Settings(ctx context.Context) (admin.Item, error) {
	var item admin.Item
	etag, err := c.ask(ctx, request{method: http.MethodGet, path: settingsPath}, &item)
	item.ETag = etag
	return item, err
}

// SetSettings replaces them.
func (c *Client) SetSettings(ctx context.Context, settings map[string]any, etag string) (admin.Item, error) {
	var item admin.Item
	_, err := c.ask(ctx, request{method: http.MethodPut, path: settingsPath, body: settings, etag: etag}, &item)
	return item, err
}

// ResetSettings goes back to those of the administrator's file.
func (c *Client) ResetSettings(ctx context.Context) (admin.Item, error) {
	var item admin.Item
	_, err := c.ask(ctx, request{method: http.MethodDelete, path: settingsPath}, &item)
	return item, err
}
