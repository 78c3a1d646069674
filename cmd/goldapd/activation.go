package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/server"
)

// The names that sockets from systemd have (FileDescriptorName= in
// systemd.socket(5)). What is served on a socket is decided by its name alone.
const (
	lookupName = "lookup"
	adminName  = "admin"
)

// activated are the sockets that systemd made and passed on
// (sd_listen_fds(3)). They are systemd's: it keeps them open while goldapd is
// restarted, so that callers wait instead of being refused, and their files are
// never removed here.
type activated struct {
	// lookups are for the modules, admin is for the admin API.
	lookups, admin []*net.UnixListener
}

// takeSockets returns the sockets that systemd passed on to this process, and
// takes what says so out of the environment.
func takeSockets() (activated, error) {
	return sortSockets(activation.Files(true))
}

// sortSockets makes listeners of files, by their names, and closes files. If
// one is not what goldapd knows, it closes everything.
func sortSockets(files []*os.File) (activated, error) {
	var a activated
	var errs []error
	for _, file := range files {
		listener, err := listenerOf(file)
		errs = append(errs, err, file.Close())
		switch {
		case err != nil:
		case file.Name() == adminName:
			a.admin = append(a.admin, listener)
		default:
			a.lookups = append(a.lookups, listener)
		}
	}
	err := errors.Join(errs...)
	if err != nil {
		err = errors.Join(err, a.close())
	}
	return a, err
}

// listenerOf returns the listener that file is.
func listenerOf(file *os.File) (*net.UnixListener, error) {
	if name := file.Name(); name != lookupName && name != adminName {
		return nil, fmt.Errorf("systemd passes a socket with the name %q: set FileDescriptorName=%s or %s in its .socket unit", name, lookupName, adminName)
	}
	listening, err := unix.GetsockoptInt(int(file.Fd()), unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil || listening == 0 {
		return nil, fmt.Errorf("systemd's socket %q does not listen: goldapd needs ListenStream=/PATH and Accept=no in its .socket unit", file.Name())
	}
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("systemd's socket %q: %w", file.Name(), err)
	}
	stream, ok := listener.(*net.UnixListener)
	if !ok || stream.Addr().Network() != "unix" {
		return nil, errors.Join(fmt.Errorf("systemd's socket %q is %s %s: goldapd listens on Unix stream sockets only (ListenStream=/PATH)",
			file.Name(), listener.Addr().Network(), listener.Addr()), listener.Close())
	}
	stream.SetUnlinkOnClose(false)
	return stream, nil
}

// close closes the sockets here; systemd goes on listening.
func (a activated) close() (err error) {
	for _, listener := range slices.Concat(a.lookups, a.admin) {
		err = errors.Join(err, listener.Close())
	}
	return err
}

// listeners returns those for lookups.
func (a activated) listeners() []server.Listener {
	var listeners []server.Listener
	for _, listener := range a.lookups {
		listeners = append(listeners, listener)
	}
	return listeners
}

// missing returns the paths on which systemd does not listen.
func (a activated) missing(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		return slices.ContainsFunc(a.lookups, func(l *net.UnixListener) bool { return l.Addr().String() == path })
	})
}
