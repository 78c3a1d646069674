// Command goldapd is goldap's daemon: it owns the connections to the
// directories, decides about logins, and answers lookups and logins on Unix
// sockets.
//
// It runs in the foreground, logs to stderr unless the configuration says
// otherwise, and needs neither root nor systemd; started by root, it can become
// another user. SIGHUP makes it read its configuration again; SIGTERM and SIGINT
// end it. Under systemd it takes the sockets that systemd made, and says when it
// is ready, reads its configuration again, and is alive (docs/systemd.md).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/pkg/sshkey"
)

// The exit statuses.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// What is in use when a collection ends may grow by gcPercent until the next one
// begins (GOGC in the runtime package's documentation), and to that counts a
// ballast, which is never touched and so takes no memory. A heap of a few MB thus
// grows fivefold, as at a percentage of 400: at the default of 100 without a
// ballast a fifth of the time of a busy daemon went into collecting. And one that
// holds 100,000 users does not become five times as large: measured then, 100 MB
// of memory in all instead of 217.
const (
	gcPercent   = 75
	ballastSize = 16 << 20
)

// processors is how many run Go code at a time. A login is a chain of short
// steps with nothing to do side by side; a second processor is woken for each,
// finds nothing, and takes the time from slapd and the caller. Measured on two
// processors: a third less time for a login, and no fewer logins at once. The
// environment variable GOMAXPROCS sets another number.
const processors = 1

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // whoever reads the log may go away
	debug.SetGCPercent(gcPercent)
	ballast := make([]byte, ballastSize)
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(processors)
	}
	if len(os.Args) > 1 && os.Args[1] == helperArgument {
		signal.Ignore(syscall.SIGHUP, syscall.SIGUSR1) // they are for the daemon of the same name
		help(os.Args[2:], systemDirectories, os.Stdin, os.Stdout)
		return
	}
	requests := make(chan os.Signal, 16) // one kind does not displace the other
	signal.Notify(requests, syscall.SIGHUP, syscall.SIGUSR1)
	status := run(ctx, os.Args[1:], requests, os.Stdout, os.Stderr)
	runtime.KeepAlive(ballast)
	os.Exit(status)
}

// run is the program. It returns the exit status when ctx ends. requests are the
// signals that want something of a running daemon.
func run(ctx context.Context, args []string, requests <-chan os.Signal, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintf(stderr, "goldapd: %v\nTry 'goldapd --help'.\n", err)
		return exitUsage
	}
	if o.version {
		writeVersion(stdout)
		return exitOK
	}
	d := newDaemon(stderr)
	if o.check {
		err = d.check(o, stdout)
	} else {
		err = d.run(ctx, o, requests)
	}
	if err != nil {
		complain(stderr, err)
		return exitFailure
	}
	return exitOK
}

// complain prints err: the problems of a configuration as they are, one on
// each line, for editors to jump to.
func complain(stderr io.Writer, err error) {
	var problems config.Errors
	if errors.As(err, &problems) {
		fmt.Fprintln(stderr, problems.Error())
		return
	}
	fmt.Fprintf(stderr, "goldapd: %v\n", err)
}

// load reads the configuration and makes a backend of it. It changes nothing
// and connects to nothing.
func (d *daemon) load(path string) (*config.Config, *server.Backend, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, nil, err
	}
	backend, err := d.newBackend(cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return cfg, backend, nil
}

func (d *daemon) newBackend(cfg *config.Config) (*server.Backend, error) {
	return server.NewBackend(cfg, server.BackendOptions{Logger: d.logger, OnBack: d.emptyCaches, CheckSSHKey: sshkey.Check})
}
