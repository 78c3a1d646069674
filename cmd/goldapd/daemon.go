package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/metrics"
	"github.com/goldap/goldap/pkg/server"
)

// daemon is the running program.
type daemon struct {
	stderr io.Writer
	logs   *logs
	logger *slog.Logger
	path   string
	server *server.Server
	// metrics observe the server.
	metrics *metrics.Metrics
	// passed are the sockets that systemd made.
	passed activated
	// admin are the sockets of the admin API.
	admin []net.Listener
	// changing is held while a configuration takes the place of another.
	changing sync.Mutex
	// caches are those of other programs.
	caches *invalidator
	// started is what the configuration said at the start about things that
	// cannot change later.
	started config.Daemon
}

func newDaemon(stderr io.Writer) *daemon {
	logs := newLogs(stderr)
	d := &daemon{stderr: stderr, logs: logs, logger: slog.New(newHandler(logs))}
	d.metrics = metrics.New(d)
	return d
}

// Status says how the server is, which is there before anybody asks.
func (d *daemon) Status() server.Status { return d.server.Status() }

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
	defer backend.Close()
	id, err := checkMachine(cfg.Daemon)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, warning := range cfg.Warnings {
		fmt.Fprintf(stdout, "%v (warning)\n", warning)
	}
	for _, file := range id.cannotRead(cfg.Files) {
		fmt.Fprintf(stdout, "%s: %s (warning)\n", file, unreadable(cfg.Daemon))
	}
	fmt.Fprintf(stdout, "%s: good\n", path)
	return nil
}

// checkMachine looks for what the daemon's own settings need on this machine.
func checkMachine(cfg config.Daemon) (*identity, error) {
	id, err := readIdentity(cfg)
	for _, log := range cfg.Logs {
		err = errors.Join(err, checkTarget(log.Target, id))
	}
	return id, err
}

// unreadable says about a file what to do so that SIGHUP works.
func unreadable(cfg config.Daemon) string {
	return fmt.Sprintf("user %q cannot read it, so SIGHUP will not: give it that user's group and mode 0640", cfg.User)
}

// run serves until ctx ends.
func (d *daemon) run(ctx context.Context, o options, requests <-chan os.Signal) (err error) {
	if d.path, err = config.Find(o.config); err != nil {
		return err
	}
	d.protect()
	if d.passed, err = takeSockets(); err != nil {
		return err
	}
	cfg, backend, err := d.load(d.path)
	if err != nil {
		return err
	}
	d.server = server.New(backend, server.Options{Logger: d.logger, Self: os.Getpid(), Observer: d.metrics})
	defer d.server.Close()
	d.started = cfg.Daemon
	listeners, err := d.prepare(cfg, o)
	if err != nil {
		return err
	}
	defer d.caches.close()
	d.emptyCaches()
	working, stop := context.WithCancel(ctx)
	defer stop()
	go d.obey(working, requests)
	go d.watch(working, listeners[0].Addr().String())
	fmt.Fprintf(d.stderr, "goldapd: ready, listening on %s\n", addresses(listeners))
	d.notifier().ready("listening on " + addresses(listeners))
	return d.serve(ctx, listeners)
}

// serve answers on the listeners until ctx ends.
func (d *daemon) serve(ctx context.Context, listeners []server.Listener) error {
	served, administered := make(chan error, 1), make(chan error, 1)
	go func() { served <- d.server.Run(ctx, listeners...) }()
	go func() { administered <- d.adminAPI().Serve(ctx, d.admin...) }()
	<-ctx.Done()
	d.notifier().stopping()
	return errors.Join(<-served, <-administered)
}

func (d *daemon) notifier() notifier { return notifier{d.logger} }

func (d *daemon) protect() {
	if err := protect(); err != nil {
		d.logger.Warn("passwords may end up in a core file", "error", err)
	}
}

// prepare does what may take root, and then gives root up if the configuration
// says so.
func (d *daemon) prepare(cfg *config.Config, o options) ([]server.Listener, error) {
	id, err := readIdentity(cfg.Daemon)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path, err)
	}
	if err := d.logs.open(cfg.Daemon, id); err != nil {
		return nil, fmt.Errorf("%s: %w", d.path, err)
	}
	d.warn(cfg)
	for _, file := range id.cannotRead(cfg.Files) {
		d.logger.Warn("configuration", "problem", file+": "+unreadable(cfg.Daemon))
	}
	if d.caches, err = d.prepareInvalidator(cfg.Daemon.Invalidate); err != nil {
		d.logger.Warn("caches of other programs are not emptied", "error", err)
	}
	listeners, err := d.listen(cfg.Daemon.Sockets, o.sockets, id)
	if err != nil {
		return nil, err
	}
	if err := d.listenAdmin(cfg.Daemon.AdminSocket, o, id); err != nil {
		return nil, errors.Join(err, closeAll(listeners))
	}
	if id == nil {
		return listeners, nil
	}
	if err := id.become(); err != nil {
		return nil, errors.Join(fmt.Errorf("become user %q, group %q: %w", cfg.Daemon.User, cfg.Daemon.Group, err), closeAll(listeners))
	}
	d.protect() // the kernel made the memory readable again (prctl(2))
	d.logger.Info("root is given up", "uid", id.uid, "gid", id.gid)
	return listeners, nil
}

// warn logs what is questionable about a configuration.
func (d *daemon) warn(cfg *config.Config) {
	for _, warning := range cfg.Warnings {
		d.logger.Warn("configuration", "problem", warning.String())
	}
	if (cfg.Daemon.User != "" || cfg.Daemon.Group != "") && os.Geteuid() != 0 {
		d.logger.Info("the user stays as it is: only root can become another", "uid", os.Getuid(), "configured", cfg.Daemon.User)
	}
}

// emptyCaches has the caches of other programs emptied, since they may hold
// what was not true: that there is no such user.
func (d *daemon) emptyCaches() {
	if err := d.caches.run(); err != nil {
		d.logger.Warn("caches of other programs are not emptied", "error", err)
	}
}

// listen returns the sockets for lookups: those that systemd made and those of
// the arguments or, without any, those of the configuration.
func (d *daemon) listen(configured, arguments []string, owner *identity) ([]server.Listener, error) {
	if len(d.passed.lookups) == 0 {
		if len(arguments) == 0 {
			arguments = configured
		}
		return listen(arguments, owner)
	}
	for _, path := range d.passed.missing(configured) {
		d.logger.Info("systemd makes the sockets, and not this one; if a program asks there, docs/systemd.md says what to do", "socket", path)
	}
	own, err := listen(arguments, owner)
	return append(d.passed.listeners(), own...), err
}

// listen makes the sockets. If one cannot be made, it takes the others away.
func listen(paths []string, owner *identity) ([]server.Listener, error) {
	var listeners []server.Listener
	for _, path := range paths {
		err := makeFolder(filepath.Dir(path), owner)
		if err == nil {
			var socket *server.Socket
			if socket, err = server.Listen(path); err == nil {
				listeners = append(listeners, socket)
				continue
			}
		}
		return nil, errors.Join(err, closeAll(listeners))
	}
	return listeners, nil
}

// makeFolder makes the folder of a socket for whom goldapd becomes: the module
// believes a daemon that is not root only in a folder of its own. One that is
// there stays as it is, for it may have other uses.
func makeFolder(folder string, owner *identity) error {
	if owner == nil || os.Mkdir(folder, 0o755) != nil {
		return nil // server.Listen says what is wrong
	}
	return os.Chown(folder, owner.uid, owner.gid)
}

func closeAll(listeners []server.Listener) (err error) {
	for _, l := range listeners {
		err = errors.Join(err, l.Close())
	}
	return err
}

func addresses(listeners []server.Listener) string {
	var paths []string
	for _, l := range listeners {
		paths = append(paths, l.Addr().String())
	}
	return strings.Join(paths, ", ")
}

// obey does what signals ask for, until ctx ends: SIGHUP reads the
// configuration again, SIGUSR1 tries everything that waits for a retry time.
func (d *daemon) obey(ctx context.Context, requests <-chan os.Signal) {
	for {
		select {
		case request := <-requests:
			if request == syscall.SIGUSR1 {
				d.logger.Info("what waits for its retry time is tried now")
				d.server.RetryNow()
				continue
			}
			d.notifier().reloading()
			d.notifier().ready(d.reload())
		case <-ctx.Done():
			return
		}
	}
}

// reload puts the configuration as it now is in place. If it is bad, nothing
// changes. It returns what it did.
func (d *daemon) reload() string {
	d.changing.Lock()
	defer d.changing.Unlock()
	cfg, backend, err := d.load(d.path)
	if err != nil {
		d.server.ReloadFailed(err)
		d.logger.Error("the configuration is bad; the old one stays", "file", d.path, "problems", err)
		return "the configuration is bad, the old one stays: " + err.Error()
	}
	d.goOver(cfg, backend)
	d.logger.Info("configuration read again", "file", d.path)
	return "configuration read again: " + d.path
}

// goOver puts a configuration in the place of the one in force.
func (d *daemon) goOver(cfg *config.Config, backend *server.Backend) {
	if err := d.logs.open(cfg.Daemon, nil); err != nil {
		d.logger.Error("the log goes on where it went", "error", err)
	}
	d.warn(cfg)
	for _, what := range d.fixed(cfg.Daemon) {
		d.logger.Warn("the " + what + " change only at the next start")
	}
	d.server.Swap(backend)
}

// fixed names the settings that differ from those at the start and cannot
// change any more.
func (d *daemon) fixed(cfg config.Daemon) []string {
	var changed []string
	if !slices.Equal(cfg.Sockets, d.started.Sockets) || cfg.AdminSocket != d.started.AdminSocket {
		changed = append(changed, "sockets")
	}
	if cfg.User != d.started.User || cfg.Group != d.started.Group {
		changed = append(changed, "user and group")
	}
	if !slices.Equal(cfg.Invalidate, d.started.Invalidate) {
		changed = append(changed, "caches to empty")
	}
	return changed
}
