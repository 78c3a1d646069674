package main

import (
	"path/filepath"

	"github.com/goldap/goldap/pkg/admin"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/server"
)

// listenAdmin makes the socket of the admin API, unless systemd has made one or
// there is to be none. Where systemd makes the sockets for lookups, that of the
// configuration is its business, too: goldapd may not be able to make any.
func (d *daemon) listenAdmin(configured string, o options, owner *identity) error {
	for _, passed := range d.passed.admin {
		d.admin = append(d.admin, passed)
	}
	path := o.adminSocket
	if path == "" && len(o.sockets) == 0 && len(d.passed.lookups) == 0 {
		path = configured
	}
	if path == "" || len(d.admin) > 0 && o.adminSocket == "" {
		return nil
	}
	if err := makeFolder(filepath.Dir(path), owner); err != nil {
		return err
	}
	socket, err := server.ListenPrivate(path)
	if err == nil {
		d.admin = append(d.admin, socket)
	}
	return err
}

// adminAPI is what root changes the running daemon with.
func (d *daemon) adminAPI() *admin.API {
	return admin.New(admin.Options{
		Path: d.path, Install: d.install, Logger: d.logger,
		Status: d.Status, Flush: d.server.Flush, Metrics: d.metrics,
	})
}

// install puts a configuration in force that the admin API makes, once it is
// saved. A reload comes before that or after it.
func (d *daemon) install(load func() (*config.Config, error), save func() error) error {
	d.changing.Lock()
	defer d.changing.Unlock()
	cfg, err := load()
	if err != nil {
		return err
	}
	backend, err := d.newBackend(cfg)
	if err != nil {
		return err
	}
	if err := save(); err != nil {
		_ = backend.Close() // it has connected to nothing yet
		return err
	}
	d.goOver(cfg, backend)
	d.logger.Info("configuration changed", "file", config.ManagedPath(d.path))
	return nil
}
