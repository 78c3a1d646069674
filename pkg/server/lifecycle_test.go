package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/server"
)

func TestSwapLetsRequestsFinishOnTheOldBackend(t *testing.T) {
	var closed atomic.Int32
	w := start(t, func(b *server.Backend, _ *server.Options) {
		b.Close = func() error { closed.Add(1); return nil }
	})
	conn := w.dial(t)
	if _, err := conn.Write(passwdByName("slow")); err != nil {
		t.Fatal(err)
	}
	<-w.fake.entered

	next := newFake().backend()
	next.ProhibitMessage = "new"
	w.Swap(next)
	config := frameNamed(t, "config-prohibit").Request
	if got := w.ask(t, config); !bytes.Contains(got, []byte("new")) {
		t.Errorf("the new backend does not answer: %x", got)
	}
	if n := closed.Load(); n != 0 {
		t.Fatal("the old backend was closed under a request")
	}
	close(w.fake.free)
	if got := readAll(t, conn); !bytes.Contains(got, []byte("slow")) {
		t.Errorf("the request in flight got %x", got)
	}
	waitUntil(t, func() bool { return closed.Load() == 1 })
	w.Swap(newFake().backend())
	w.Close()
	if n := closed.Load(); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

func TestSwapClosesAnIdleBackendAtOnce(t *testing.T) {
	closed := 0
	backend := newFake().backend()
	backend.Close = func() error { closed++; return errors.New("already gone") }
	s := server.New(backend, server.Options{})
	s.Swap(newFake().backend())
	if closed != 1 {
		t.Errorf("closed %d times", closed)
	}
}

func TestSwapChangesTheLimits(t *testing.T) {
	w := start(t, func(_ *server.Backend, o *server.Options) { o.HeaderTimeout = time.Minute })
	w.uid.Store(1000)
	next := newFake().backend()
	next.Limits.PerUID = 1
	w.Swap(next)
	first, second := w.dial(t), w.dial(t)
	defer first.Close()
	if got := readAll(t, second); len(got) > 0 {
		t.Errorf("got %x", got)
	}
	if log := w.log.String(); !strings.Contains(log, "too many connections") || !strings.Contains(log, "caller_uid=1000") {
		t.Errorf("the log does not say why:\n%s", log)
	}
}

func TestClosedServerAnswersNothing(t *testing.T) {
	w := start(t, nil)
	w.Close()
	if got := w.ask(t, passwdByName("ada")); len(got) > 0 {
		t.Errorf("got %x", got)
	}
}

func TestShutdownWaitsForRequests(t *testing.T) {
	w := start(t, nil)
	conn := w.dial(t)
	if _, err := conn.Write(passwdByName("slow")); err != nil {
		t.Fatal(err)
	}
	<-w.fake.entered
	ended := make(chan error, 1)
	go func() { ended <- w.stop() }()
	waitUntil(t, func() bool {
		_, err := os.Lstat(w.path)
		return errors.Is(err, fs.ErrNotExist)
	})
	select {
	case err := <-ended:
		t.Fatalf("Run did not wait: %v", err)
	default:
	}
	close(w.fake.free)
	if got := readAll(t, conn); !bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
		t.Errorf("the request in flight got %x", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestShutdownIsBounded(t *testing.T) {
	w := start(t, func(_ *server.Backend, o *server.Options) {
		o.ShutdownTimeout = 20 * time.Millisecond
		o.HeaderTimeout = time.Minute
	})
	silent, slow := w.dial(t), w.dial(t)
	if _, err := slow.Write(passwdByName("slow")); err != nil {
		t.Fatal(err)
	}
	<-w.fake.entered
	if err := w.stop(); err != nil {
		t.Error(err)
	}
	for _, conn := range []net.Conn{silent, slow} {
		if got := readAll(t, conn); bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
			t.Errorf("a request that was cut off got a whole answer: %x", got)
		}
	}
}

// A backend that does not heed its context must not keep the daemon from
// ending.
func TestShutdownDoesNotWaitForEver(t *testing.T) {
	fake := newFake()
	backend := fake.backend()
	stuck := make(chan struct{})
	backend.Names = stubborn{fake, stuck}
	path := filepath.Join(t.TempDir(), "socket")
	socket, err := server.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := server.New(backend, server.Options{ShutdownTimeout: time.Millisecond})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, socket) }()
	conn, err := dialUnix(path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(passwdByName("ada")); err != nil {
		t.Fatal(err)
	}
	<-fake.entered
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "still running") {
		t.Errorf("Run: %v", err)
	}
	close(stuck)
}

func TestBugInARequest(t *testing.T) {
	w := start(t, nil)
	for name, request := range map[string][]byte{
		"lookup": passwdByName("crash"),
		"login":  bytes.Replace(frameNamed(t, "authorize").Request, []byte("\x03ada"), []byte("\x05crash"), 1),
	} {
		if got := w.ask(t, request); bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
			t.Errorf("%s: got %x", name, got)
		}
	}
	if log := w.log.String(); !strings.Contains(log, "a bug") || !strings.Contains(log, "fake_test.go") {
		t.Errorf("no stack in the log:\n%s", log)
	}
	frame := frameNamed(t, "passwd-by-name")
	if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
		t.Errorf("the daemon is not well afterwards: %x", got)
	}
}

// ServeOne is the whole server for the module's own program.
func TestServeOneOnASocketPair(t *testing.T) {
	caller, served := socketPair(t)
	fake := newFake()
	s := server.New(fake.backend(), server.Options{})
	frame := frameNamed(t, "authenticate")
	if _, err := caller.Write(append(bytes.Clone(frame.Request), "and more"...)); err != nil {
		t.Fatal(err)
	}
	peer, err := server.PeerCredential(served)
	if err != nil || int(peer.UID) != os.Getuid() || int(peer.PID) != os.Getpid() || int(peer.GID) != os.Getgid() {
		t.Errorf("credential %+v, %v", peer, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeOne(t.Context(), served, peer)
	}()
	if got := readAll(t, caller); !bytes.Equal(got, frame.Response) {
		t.Errorf("got %x", got)
	}
	caller.Close()
	<-done
	for _, password := range fake.passwords {
		if !bytes.Equal(password.Bytes(), make([]byte, password.Len())) {
			t.Errorf("a password was left in memory: %q", password.Bytes())
		}
	}
	if len(fake.passwords) != 1 {
		t.Errorf("%d passwords", len(fake.passwords))
	}
}

func TestServeOneEndsWithItsContext(t *testing.T) {
	caller, served := socketPair(t)
	s := server.New(newFake().backend(), server.Options{HeaderTimeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeOne(ctx, served, server.Credential{})
	}()
	cancel()
	<-done
	if _, err := caller.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the caller sees %v", err)
	}
}
