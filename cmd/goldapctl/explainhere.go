package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/client"
	"github.com/goldap/goldap/pkg/config"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/server"
)

// explainHere decides in this process as goldapd would, by the configuration file
// at path. The two ends of a socket pair talk as over the daemon's socket, so
// that permissions and answers are the same.
func explainHere(ctx context.Context, path string, asked client.Explanation) ([]nslcd.Step, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, withStatus(exitUsage, err)
	}
	logger := slog.New(slog.DiscardHandler)
	backend, err := server.NewBackend(cfg, server.BackendOptions{Logger: logger, SingleUse: true})
	if err != nil {
		return nil, withStatus(exitUsage, err)
	}
	s := server.New(backend, server.Options{Logger: logger})
	defer s.Close()
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, withStatus(exitUnavailable, err)
	}
	caller, err := server.PeerCredential(theirs)
	if err != nil {
		return nil, withStatus(exitUnavailable, err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		s.ServeOne(ctx, theirs, caller)
	}()
	steps, err := client.Over(ours).Explain(ctx, asked)
	<-served
	return steps, rootsOnly("explain", err)
}

// socketPair returns two sockets that are connected to each other.
func socketPair() (a, b *net.UnixConn, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	a, err1 := socketOf(fds[0])
	b, err2 := socketOf(fds[1])
	if err1 != nil || err2 != nil {
		return nil, nil, fmt.Errorf("socketpair: %w, %w", err1, err2)
	}
	return a, b, nil
}

func socketOf(fd int) (*net.UnixConn, error) {
	file := os.NewFile(uintptr(fd), "socketpair")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UnixConn), nil
}
