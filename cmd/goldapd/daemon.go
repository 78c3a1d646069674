package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/server"
)

// daemon is the running program.
type daemon struct {
	stderr io.Writer
	logger *slog.Logger
	level  *slog.LevelVar
	path   string
	server *server.Server
	// sockets are the paths that the configuration had at the start.
	sockets []string
}

func newDaemon(stderr io.Writer) *daemon {
	level := new(slog.LevelVar)
	return &daemon{
		stderr: stderr,
		level:  level,
		logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}
}

// check reads the configuration as run would, and says what it found.
func (d *daemon) check(o options, stdout io.Writer) error {
	path, err := config.Find(o.config)
	if err != nil {
		return err
	}
	cfg, backend, err := d.load(path)
	if err != nil {
		return err
	}
	for _, warning := range cfg.Warnings {
		fmt.Fprintf(stdout, "%v (warning)\n", warning)
	}
	fmt.Fprintf(stdout, "%s: good\n", path)
	return backend.Close()
}

// run serves until ctx ends.
func (d *daemon) run(ctx context.Context, o options, hangups <-chan os.Signal) (err error) {
	if d.path, err = config.Find(o.config); err != nil {
		return err
	}
	if err := protect(); err != nil {
		d.logger.Warn("passwords may end up in a core file", "error", err)
	}
	cfg, backend, err := d.load(d.path)
	if err != nil {
		return err
	}
	d.server = server.New(backend, server.Options{Logger: d.logger})
	defer d.server.Close()
	d.apply(cfg)
	d.sockets = cfg.Daemon.Sockets
	listeners, err := listen(o.sockets, cfg.Daemon.Sockets)
	if err != nil {
		return err
	}
	fmt.Fprintf(d.stderr, "goldapd: ready, listening on %s\n", addresses(listeners))
	reloading, stop := context.WithCancel(ctx)
	defer stop()
	go d.reloadOn(reloading, hangups)
	return d.server.Run(ctx, listeners...)
}

// apply makes the daemon's own settings those of cfg.
func (d *daemon) apply(cfg *config.Config) {
	levels := map[string]slog.Level{
		"error": slog.LevelError, "warn": slog.LevelWarn, "info": slog.LevelInfo, "debug": slog.LevelDebug,
	}
	d.level.Set(levels[cfg.Daemon.LogLevel])
	for _, warning := range cfg.Warnings {
		d.logger.Warn("configuration", "problem", warning.String())
	}
}

// listen makes the sockets of the arguments, or of the configuration if there
// are none. If one cannot be made, it takes the others away.
func listen(arguments, configured []string) ([]server.Listener, error) {
	paths := arguments
	if len(paths) == 0 {
		paths = configured
	}
	var listeners []server.Listener
	for _, path := range paths {
		socket, err := server.Listen(path)
		if err != nil {
			for _, l := range listeners {
				err = errors.Join(err, l.Close())
			}
			return nil, err
		}
		listeners = append(listeners, socket)
	}
	return listeners, nil
}

func addresses(listeners []server.Listener) string {
	var paths []string
	for _, l := range listeners {
		paths = append(paths, l.Addr().String())
	}
	return strings.Join(paths, ", ")
}

// reloadOn reads the configuration again on each signal, until ctx ends.
func (d *daemon) reloadOn(ctx context.Context, hangups <-chan os.Signal) {
	for {
		select {
		case <-hangups:
			d.reload()
		case <-ctx.Done():
			return
		}
	}
}

// reload puts the configuration as it now is in place. If it is bad, nothing
// changes.
func (d *daemon) reload() {
	cfg, backend, err := d.load(d.path)
	if err != nil {
		d.logger.Error("the configuration is bad; the old one stays", "file", d.path, "problems", err)
		return
	}
	d.apply(cfg)
	if !slices.Equal(cfg.Daemon.Sockets, d.sockets) {
		d.logger.Warn("the sockets change only at the next start", "sockets", strings.Join(cfg.Daemon.Sockets, ", "))
	}
	d.server.Swap(backend)
	d.logger.Info("configuration read again", "file", d.path)
}
