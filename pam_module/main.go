// Command pam_module is pam_goldap.so, which lives two lives.
//
// Loaded by libpam, it is the C files of this folder: entry points, module
// options, conversation, and the client's side of the socket. Go sleeps in the
// file and is never started (dormant.ld says how), because a Go runtime in
// somebody else's program means threads, signal handlers, and a hang in any
// host that forks between PAM calls.
//
// Executed as a program, by those C files when no daemon answers, the same
// file is this Go program: it serves one request on descriptor 3, with the
// same configuration and the same decisions as goldapd, and exits.
package main

/*
#cgo CFLAGS: -std=c11 -Wall -Wextra -fstack-protector-strong -D_FORTIFY_SOURCE=2
#cgo LDFLAGS: -lpam
*/
import "C"

import (
	"context"
	"fmt"
	"log/slog"
	"log/syslog"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/server"
)

// requestFD is PROGRAM_FD of program.h.
const requestFD = 3

// main is never called: a c-shared library has no main program. goldapProgram
// takes its place.
func main() {}

//export goldapProgram
func goldapProgram() C.int {
	debug.SetGCPercent(-1) // it lives for milliseconds
	debug.SetMemoryLimit(64 << 20)
	// Kerberos looks for its servers by itself, and the C library's resolver may
	// ask goldap.
	net.DefaultResolver = &net.Resolver{PreferGo: true}
	logger := newLogger()
	if err := serve(os.Args[1:], logger); err != nil {
		logger.Error("cannot answer", "error", err)
		return 1
	}
	return 0
}

// serve answers the request on requestFD. The arguments are the time that is
// left in milliseconds and the configuration file, which may be empty.
func serve(args []string, logger *slog.Logger) error {
	milliseconds, err := strconv.Atoi(args[0])
	if err != nil {
		return fmt.Errorf("time limit: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(milliseconds)*time.Millisecond)
	defer cancel()
	conn, err := requestConn()
	if err != nil {
		return err
	}
	defer conn.Close()
	caller, err := server.PeerCredential(conn)
	if err != nil {
		return err
	}
	backend, err := load(args[1], logger)
	if err != nil {
		return err
	}
	// Nothing is closed behind the answer: the process ends, and with it all
	// that it has, while somebody waits for its end.
	server.New(backend, server.Options{Logger: logger}).ServeOne(ctx, conn, caller)
	return nil
}

func requestConn() (*net.UnixConn, error) {
	file := os.NewFile(requestFD, "request")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d: %w", requestFD, err)
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("descriptor %d is not a Unix socket", requestFD)
	}
	return unixConn, nil
}

func load(path string, logger *slog.Logger) (*server.Backend, error) {
	path, err := config.Find(path)
	if err != nil {
		return nil, err
	}
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	return server.NewBackend(cfg, server.BackendOptions{Logger: logger, SingleUse: true})
}

// newLogger writes to syslog(3), the only place that a PAM module has for its
// administrator. Where there is none, the lines are lost.
func newLogger() *slog.Logger {
	w, err := syslog.New(syslog.LOG_AUTHPRIV|syslog.LOG_NOTICE, "pam_goldap")
	if err != nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{ReplaceAttr: withoutTime}))
}

// withoutTime leaves the time to syslog.
func withoutTime(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
