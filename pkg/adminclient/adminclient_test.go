package adminclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/goldap/goldap/pkg/admin"
	"github.com/goldap/goldap/pkg/adminclient"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/server"
)

const ownFile = `[[directory]]
name = "a/b c"
uris = ["ldaps://ldap.example.com"]
base = "dc=example,dc=com"
[[role]]
name = "staff"
users = ["ann"]
`

// start serves the API at a socket, for callers with that uid.
func start(t *testing.T, uid uint32) *adminclient.Client {
	t.Helper()
	dir := t.TempDir()
	path, socket := filepath.Join(dir, "goldap.toml"), filepath.Join(dir, "s")
	if err := errors.Join(os.WriteFile(path, []byte(ownFile), 0o600), os.Mkdir(filepath.Join(dir, "managed"), 0o700)); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	api := admin.New(admin.Options{
		Path: path,
		Install: func(load func() (*config.Config, error), save func() error) error {
			if _, err := load(); err != nil {
				return err
			}
			return save()
		},
		Status:  func() server.Status { return server.Status{Version: "v1"} },
		Flush:   func() {},
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "up 1\n") }),
		Verify: func(_ context.Context, d config.Directory) directory.Report {
			return directory.Report{Directory: d.Name, Servers: []directory.ServerReport{{URI: d.URIs[0], OK: d.PageSize != 666}}}
		},
		Credential: func(*net.UnixConn) (server.Credential, error) { return server.Credential{UID: uid}, nil },
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- api.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return adminclient.New(socket)
}

// TestClient asks everything once; the name needs quoting in a path.
func TestClient(t *testing.T) {
	c, ctx := start(t, 0), t.Context()
	if status, err := c.Status(ctx); err != nil || status.Version != "v1" {
		t.Error(status, err)
	}
	if text, err := c.Metrics(ctx); err != nil || string(text) != "up 1\n" {
		t.Error(string(text), err)
	}
	if err := c.Flush(ctx); err != nil {
		t.Error(err)
	}
	item, err := c.Get(ctx, adminclient.Directories, "a/b c")
	if err != nil || item.Settings["base"] != "dc=example,dc=com" || item.ETag == "" {
		t.Fatal(item, err)
	}
	item.Settings["page_size"] = 5
	change, err := c.Set(ctx, adminclient.Directories, "a/b c", item.Settings, adminclient.SaveOptions{ETag: item.ETag})
	if err != nil || change.Settings["page_size"] != 5. || change.Report == nil || change.Source != admin.SourceManaged {
		t.Error(change, err)
	}
	_, err = c.Set(ctx, adminclient.Directories, "a/b c", item.Settings, adminclient.SaveOptions{ETag: item.ETag})
	wantStatus(t, err, http.StatusConflict)
	other := map[string]any{"name": "other", "uris": []string{"ldaps://x"}, "base": "dc=x", "page_size": 666}
	if _, err := c.Add(ctx, adminclient.Directories, other, adminclient.SaveOptions{Force: true, Position: 1}); err == nil {
		t.Error("a role without directories was taken with two directories")
	}
	if err := c.Remove(ctx, adminclient.Roles, "staff"); err != nil {
		t.Error(err)
	}
	_, err = c.Add(ctx, adminclient.Directories, other, adminclient.SaveOptions{})
	if p := wantStatus(t, err, http.StatusUnprocessableEntity); p.Report == nil || p.Report.Usable() {
		t.Errorf("the report is %+v", p.Report)
	}
	if _, err := c.Add(ctx, adminclient.Directories, other, adminclient.SaveOptions{Force: true, Position: 1}); err != nil {
		t.Error(err)
	}
	items, err := c.Move(ctx, "other", 2)
	if err != nil || len(items) != 2 || items[1].Name != "other" {
		t.Error(items, err)
	}
	if report, err := c.Verify(ctx, "other"); err != nil || report.Usable() {
		t.Error(report, err)
	}
	if items, err := c.List(ctx, adminclient.Roles); err != nil || len(items) != 0 {
		t.Error(items, err)
	}
	settings, err := c.Settings(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if settings, err = c.SetSettings(ctx, settings.Settings, settings.ETag); err != nil || settings.Source != admin.SourceManaged {
		t.Error(settings, err)
	}
	if settings, err = c.ResetSettings(ctx); err != nil || settings.Source != admin.SourceFile {
		t.Error(settings, err)
	}
	wantStatus(t, c.Remove(ctx, adminclient.Directories, "ghost"), http.StatusNotFound)
}

func wantStatus(t *testing.T, err error, status int) *admin.Problem {
	t.Helper()
	var p *admin.Problem
	if !errors.As(err, &p) || p.Status != status {
		t.Fatalf("got %v, want status %d", err, status)
	}
	return p
}

func TestNoAnswer(t *testing.T) {
	if _, err := start(t, 4711).Status(t.Context()); !errors.Is(err, adminclient.ErrForbidden) {
		t.Errorf("got %v", err)
	}
	if _, err := adminclient.New(filepath.Join(t.TempDir(), "s")).Status(t.Context()); !errors.Is(err, adminclient.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}
