package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/server"
)

func dialUnix(path string) (*net.UnixConn, error) {
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(10 * time.Second))
}

// newPipe returns two ends that work inside a synctest bubble.
func newPipe() (caller, served net.Conn) { return net.Pipe() }

func unknownCaller(*net.UnixConn) (server.Credential, error) {
	return server.Credential{}, errors.New("no credentials")
}

// waitUntil polls a condition that another goroutine brings about.
func waitUntil(t *testing.T, condition func() bool) {
	t.Helper()
	poll := time.NewTicker(time.Millisecond)
	defer poll.Stop()
	for end := time.Now().Add(10 * time.Second); !condition(); <-poll.C {
		if time.Now().After(end) {
			t.Fatal("it did not come to pass")
		}
	}
}

// stubborn does not heed its context.
type stubborn struct {
	*fake
	stuck chan struct{}
}

func (s stubborn) PasswdByName(_ context.Context, name string) (account.Account, error) {
	s.entered <- name
	<-s.stuck
	return account.Account{}, errors.New("late")
}

// socketPair returns the two ends of a socketpair(2).
func socketPair(t *testing.T) (caller, served *net.UnixConn) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.UnixConn
	for i, fd := range fds {
		file := os.NewFile(uintptr(fd), "socketpair")
		conn, err := net.FileConn(file)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		ends[i] = conn.(*net.UnixConn)
	}
	return ends[0], ends[1]
}

// pidAndUID is this process as the log shows it.
func pidAndUID() string { return fmt.Sprintf("caller_uid=%d caller_pid=%d", os.Getuid(), os.Getpid()) }
