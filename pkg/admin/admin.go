package admin

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/server"
)

// Options are what the API needs of the daemon.
type Options struct {
	// Path is the administrator's configuration file.
	Path string
	// Install puts a configuration in force: it calls load for it while no other
	// can take its place, prepares all that can fail, calls save, and if that
	// succeeds goes over to it. On an error the old configuration is in force.
	Install func(load func() (*config.Config, error), save func() error) error
	// Status says how the daemon is, Flush makes it forget what directories said.
	Status func() server.Status
	Flush  func()
	// Metrics answers Prometheus.
	Metrics http.Handler
	// Verify tries a directory (directory.Verify).
	Verify func(context.Context, config.Directory) directory.Report
	Logger *slog.Logger
	// Credential says who is calling (server.PeerCredential).
	Credential func(*net.UnixConn) (server.Credential, error)
}

// API answers requests. Changes are made one after the other.
type API struct {
	options Options
	routes  *http.ServeMux
	// changing has room for the one who makes a change, from reading a
	// configuration until it is in force.
	changing chan struct{}
	tagKey   [32]byte
}

// New returns an API.
func New(options Options) *API {
	if options.Verify == nil {
		options.Verify = directory.Verify
	}
	if options.Credential == nil {
		options.Credential = func(conn *net.UnixConn) (server.Credential, error) { return server.PeerCredential(conn) }
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	a := &API{options: options, routes: http.NewServeMux(), changing: make(chan struct{}, 1), tagKey: newTagKey()}
	a.route()
	return a
}

// route is the table of what can be asked. Everything needs root (see
// ServeHTTP).
func (a *API) route() {
	directories, roles := a.directories(), a.roles()
	for pattern, serve := range map[string]func(*http.Request) (*reply, error){
		"GET /v1/authentication-settings":    a.settings,
		"PUT /v1/authentication-settings":    a.putSettings,
		"DELETE /v1/authentication-settings": a.deleteSettings,
		"GET /v1/directories":                directories.list,
		"POST /v1/directories":               directories.post,
		"GET /v1/directories/{name}":         directories.get,
		"PUT /v1/directories/{name}":         directories.put,
		"DELETE /v1/directories/{name}":      directories.delete,
		"POST /v1/directories/{name}/reset":  directories.undo,
		"POST /v1/roles/{name}/reset":        roles.undo,
		"POST /v1/directories/{name}/verify": a.verifyDirectory,
		"POST /v1/directories/{name}/move":   a.moveDirectory,
		"GET /v1/roles":                      roles.list,
		"POST /v1/roles":                     roles.post,
		"GET /v1/roles/{name}":               roles.get,
		"PUT /v1/roles/{name}":               roles.put,
		"DELETE /v1/roles/{name}":            roles.delete,
		"GET /v1/status":                     a.status,
		"POST /v1/cache/flush":               a.flush,
		"GET /v1/openapi.json":               a.document,
	} {
		a.routes.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, serve) })
	}
	a.routes.Handle("GET /metrics", a.options.Metrics)
	a.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		a.answer(w, r, func(*http.Request) (*reply, error) {
			return nil, problem(http.StatusNotFound, "there is no %s; GET /v1/openapi.json describes what there is", r.URL.Path)
		})
	})
}

type callerKey struct{}

// ServeHTTP answers one request, if root asks or the user that goldapd runs as.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	caller, known := r.Context().Value(callerKey{}).(server.Credential)
	if !known || caller.UID != 0 && caller.UID != uint32(os.Geteuid()) {
		a.options.Logger.Warn("admin API refused", "caller_uid", caller.UID, "caller_pid", caller.PID, "method", r.Method, "path", r.URL.Path)
		a.writeProblem(w, problem(http.StatusForbidden, "only root may use the admin API"))
		return
	}
	a.routes.ServeHTTP(w, r)
}

// Serve answers on the listeners until ctx ends, and closes them then.
func (a *API) Serve(ctx context.Context, listeners ...net.Listener) error {
	s := &http.Server{
		Handler: a, ErrorLog: slog.NewLogLogger(a.options.Logger.Handler(), slog.LevelError),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 2 * time.Minute, // longer than changeWait and trialTimeout together
		IdleTimeout:  time.Minute, MaxHeaderBytes: 16 << 10,
		ConnContext: a.withCaller,
	}
	var serving sync.WaitGroup
	for _, listener := range listeners {
		serving.Go(func() {
			if err := s.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				a.options.Logger.Error("admin API ended", "socket", listener.Addr().String(), "error", err)
			}
		})
	}
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	err := s.Shutdown(ending)
	if errors.Is(err, context.DeadlineExceeded) {
		err = s.Close()
	}
	serving.Wait()
	return err
}

// withCaller notes who is at the other end. Who is not known may nothing.
func (a *API) withCaller(ctx context.Context, conn net.Conn) context.Context {
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		return ctx
	}
	caller, err := a.options.Credential(unix)
	if err != nil {
		a.options.Logger.Error("caller not known", "error", err)
		return ctx
	}
	return context.WithValue(ctx, callerKey{}, caller)
}
