package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	systemd "github.com/coreos/go-systemd/v22/daemon"

	"github.com/goldap/goldap/pkg/client"
)

// watchdog tells the service manager that goldapd answers, and each time only
// after goldapd did. If it is not told for a while, it restarts goldapd
// (WatchdogSec= in systemd.service(5)).
type watchdog struct {
	// interval is how long the service manager waits.
	interval time.Duration
	// probe asks goldapd something and returns nil if it answered.
	probe  func(context.Context) error
	alive  func()
	logger *slog.Logger
}

// watch has the service manager told that goldapd answers on the socket at
// path, until ctx ends, if it wants to know.
func (d *daemon) watch(ctx context.Context, path string) {
	interval, err := systemd.SdWatchdogEnabled(false)
	if err != nil {
		d.logger.Warn("no watchdog", "error", err)
	}
	if interval <= 0 {
		return
	}
	asker := client.New(path)
	probe := func(ctx context.Context) error { return probe(ctx, asker) }
	watchdog{interval, probe, d.notifier().alive, d.logger}.run(ctx)
}

// run probes three times in an interval. Each probe has a third of it, so one
// that fails is not the end of goldapd, and two in a row are.
func (w watchdog) run(ctx context.Context) {
	period := w.interval / 3
	ticks := time.NewTicker(period)
	defer ticks.Stop()
	failed := false
	for {
		err := w.once(ctx, period)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && failed:
			w.logger.Info("goldapd answers its own lookups again")
		case err != nil && !failed:
			w.logger.Error("goldapd does not answer its own lookups; the service manager will restart it if that goes on",
				"watchdog", w.interval, "error", err)
		}
		failed = err != nil
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return
		}
	}
}

// once probes and, if there was an answer in time, says so.
func (w watchdog) once(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := w.probe(ctx)
	if err == nil {
		w.alive()
	}
	return err
}

// probe looks up root's uid, as any program on this machine may. It goes the way
// of every lookup: it is accepted, admitted, decoded, looked for in the memory
// and judged by the rules of pkg/names. Those never let a directory say who has
// the uid 0, so the answer is "not there" without one being asked: a directory
// that is away says nothing about goldapd.
func probe(ctx context.Context, asker *client.Client) error {
	_, err := asker.PasswdByUID(ctx, 0)
	if errors.Is(err, client.ErrNotFound) {
		return nil
	}
	if err == nil {
		return errors.New("a directory gave the uid 0 to somebody")
	}
	return err
}
