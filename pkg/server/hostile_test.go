package server_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/server"
)

// quick makes the deadlines for bad callers short.
func quick(_ *server.Backend, o *server.Options) {
	o.HeaderTimeout, o.RequestTimeout = 50*time.Millisecond, 100*time.Millisecond
}

func TestSilentCallersAreHungUpOn(t *testing.T) {
	w := start(t, quick)
	for name, sent := range map[string][]byte{
		"nothing":         nil,
		"half a header":   {0, 0, 0, 2, 0},
		"only a header":   {0, 0, 0, 2, 0, 8, 0, 1},
		"half a name":     append([]byte{0, 0, 0, 2, 0, 8, 0, 1, 0, 0, 0, 100}, "ada"...),
		"half a password": frameNamed(t, "authenticate").Request[:70],
	} {
		t.Run(name, func(t *testing.T) {
			conn := w.dial(t)
			if _, err := conn.Write(sent); err != nil {
				t.Fatal(err)
			}
			if got := readAll(t, conn); len(got) > 0 {
				t.Errorf("got %x", got)
			}
		})
	}
	if n := w.fake.logins.Load(); n > 0 {
		t.Errorf("%d of them came to a decision", n)
	}
}

// The header has its own deadline, and the request as a whole another: bytes
// that keep trickling do not extend either.
func TestDeadlinesOfARequest(t *testing.T) {
	for name, test := range map[string]struct {
		pause, ended time.Duration
	}{
		"never says what it wants": {300 * time.Millisecond, time.Second},
		"trickles the rest":        {100 * time.Millisecond, 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fake := newFake()
				s := server.New(fake.backend(), server.Options{})
				caller, served := newPipe()
				began, written := time.Now(), make(chan struct{})
				go func() {
					defer close(written)
					for _, b := range frameNamed(t, "authenticate").Request {
						if _, err := caller.Write([]byte{b}); err != nil {
							return
						}
						<-time.After(test.pause)
					}
				}()
				s.ServeOne(t.Context(), served, server.Credential{})
				if took := time.Since(began); took != test.ended {
					t.Errorf("ended after %v, want %v", took, test.ended)
				}
				if n := fake.logins.Load(); n > 0 {
					t.Error("it came to a decision")
				}
				<-written
			})
		})
	}
}

func TestSlowCallersAreServed(t *testing.T) {
	w := start(t, nil)
	frame := frameNamed(t, "authenticate")
	conn := w.dial(t)
	for i := range frame.Request {
		if _, err := conn.Write(frame.Request[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if got := readAll(t, conn); !bytes.Equal(got, frame.Response) {
		t.Errorf("got %x", got)
	}
}

// Unread bytes must cost neither the answer nor its clean end.
func TestBytesAfterTheRequest(t *testing.T) {
	w := start(t, nil)
	frame := frameNamed(t, "passwd-by-name")
	for name, extra := range map[string][]byte{
		"a second request": frame.Request,
		"a few bytes":      {1, 2, 3},
		"very many bytes":  bytes.Repeat([]byte("x"), 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.ask(t, append(bytes.Clone(frame.Request), extra...)); !bytes.Equal(got, frame.Response) {
				t.Errorf("got %x", got)
			}
		})
	}
}

// A refused request that is longer than what was read of it ends cleanly, too.
func TestLongRefusedRequest(t *testing.T) {
	w := start(t, nil)
	frame := frameNamed(t, "authenticate").Request
	user := len(frame) - len("correct horse") - 4
	request := binary.BigEndian.AppendUint32(bytes.Clone(frame[:user]), 10_000)
	request = append(request, bytes.Repeat([]byte("p"), 10_000)...)
	if got := w.ask(t, request); len(got) > 0 {
		t.Errorf("got %x", got)
	}
	if log := w.log.String(); !strings.Contains(log, "request refused") || !strings.Contains(log, "10000, the limit is 8192") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	if strings.Contains(w.log.String(), "ppp") {
		t.Error("the log shows the password")
	}
}

// A caller that does not read its answer is given up.
func TestCallerThatDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fake := newFake()
		s := server.New(fake.backend(), server.Options{})
		caller, served := newPipe()
		go func() { _, _ = caller.Write(frameNamed(t, "passwd-by-name").Request) }()
		began := time.Now()
		s.ServeOne(t.Context(), served, server.Credential{})
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("given up after %v", took)
		}
	})
}

func TestIdleCallersDoNotKeepOthersOut(t *testing.T) {
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Limits = server.Limits{Connections: 120, PerUID: 100}
		o.HeaderTimeout, o.RequestTimeout = time.Minute, time.Minute
	})
	w.uid.Store(1000)
	for range 200 {
		conn := w.dial(t)
		defer conn.Close()
	}
	frame := frameNamed(t, "passwd-by-name")
	waitUntil(t, func() bool { return strings.Contains(w.log.String(), "too many connections") })
	if _, err := w.tryAsk(frame.Request); err == nil {
		t.Error("one more of the same uid was served")
	}
	for _, uid := range []uint32{1001, 0} {
		w.uid.Store(uid)
		if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
			t.Errorf("uid %d: got %x", uid, got)
		}
	}
}

// tryAsk is ask for a connection that may be closed at any time. An answer of
// no bytes is an error.
func (w *world) tryAsk(request []byte) ([]byte, error) {
	conn, err := dialUnix(w.path)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(conn)
	if err == nil && len(answer) == 0 {
		err = io.EOF
	}
	return answer, err
}

func TestRootIsServedWhenAllPlacesAreTaken(t *testing.T) {
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Limits = server.Limits{Connections: 20, PerUID: 100}
		o.HeaderTimeout, o.RequestTimeout = time.Minute, time.Minute
	})
	w.uid.Store(1000)
	for range 40 {
		conn := w.dial(t)
		defer conn.Close()
	}
	waitUntil(t, func() bool { return strings.Contains(w.log.String(), "too many connections") })
	frame := frameNamed(t, "passwd-by-name")
	w.uid.Store(1001)
	if _, err := w.tryAsk(frame.Request); err == nil {
		t.Error("another uid was served although all places are taken")
	}
	w.uid.Store(0)
	if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
		t.Errorf("root: got %x", got)
	}
}

// The daemon that asks itself has a place, too, whoever it runs as: a crowd must
// not look like a daemon that hangs.
func TestTheDaemonItselfIsServedWhenAllPlacesAreTaken(t *testing.T) {
	var self atomic.Bool
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Limits = server.Limits{Connections: 20, PerUID: 10}
		o.HeaderTimeout, o.RequestTimeout = time.Minute, time.Minute
		o.Self = 4712
		o.Credential = func(*net.UnixConn) (server.Credential, error) {
			if self.Load() {
				return server.Credential{PID: 4712, UID: 1000}, nil
			}
			return server.Credential{PID: 4711, UID: 1000}, nil
		}
	})
	for range 40 {
		conn := w.dial(t)
		defer conn.Close()
	}
	waitUntil(t, func() bool { return strings.Contains(w.log.String(), "too many connections") })
	frame := frameNamed(t, "passwd-by-name")
	if _, err := w.tryAsk(frame.Request); err == nil {
		t.Error("one more of the uid was served although all places are taken")
	}
	self.Store(true)
	for range 40 { // and each place is given back
		if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
			t.Fatalf("the daemon itself got %x", got)
		}
	}
}

// A burst of honest callers of one uid is served, all of it: those above the
// limit a moment later.
func TestBurstIsServed(t *testing.T) {
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Limits = server.Limits{Connections: 1000, PerUID: 16}
		o.QueueTimeout = 10 * time.Second
	})
	w.uid.Store(1000)
	frame := frameNamed(t, "passwd-by-name")
	var callers sync.WaitGroup
	for range 16 + 64 {
		callers.Go(func() {
			if got, err := w.tryAsk(frame.Request); err != nil || !bytes.Equal(got, frame.Response) {
				t.Errorf("got %x, %v", got, err)
			}
		})
	}
	callers.Wait()
}

func TestPlacesAreGivenBack(t *testing.T) {
	w := start(t, func(b *server.Backend, _ *server.Options) {
		b.Limits = server.Limits{Connections: 10, PerUID: 1}
	})
	w.uid.Store(1000)
	frame := frameNamed(t, "passwd-by-name")
	for range 20 {
		waitUntil(t, func() bool {
			got, err := w.tryAsk(frame.Request)
			return err == nil && bytes.Equal(got, frame.Response)
		})
	}
}

func TestCallerWithoutCredentials(t *testing.T) {
	w := start(t, func(_ *server.Backend, o *server.Options) {
		o.Credential = unknownCaller
	})
	if got, err := w.tryAsk(frameNamed(t, "passwd-by-name").Request); err == nil {
		t.Errorf("got %x", got)
	}
	if !strings.Contains(w.log.String(), "caller not known") {
		t.Errorf("the log does not say so:\n%s", w.log)
	}
}

func TestCallerThatIsGone(t *testing.T) {
	w := start(t, nil)
	conn := w.dial(t)
	if _, err := conn.Write(frameNamed(t, "authenticate").Request); err != nil {
		t.Fatal(err)
	}
	conn.Close()
	frame := frameNamed(t, "passwd-by-name")
	if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
		t.Errorf("the next caller got %x", got)
	}
}

func TestHeaderComesBeforeTheDecision(t *testing.T) {
	for name, action := range map[string][]byte{
		"authenticate": {0, 13, 0, 1}, "authorize": {0, 13, 0, 2}, "password": {0, 13, 0, 5},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, nil)
			conn := w.dial(t)
			if _, err := conn.Write(slow(t, name)); err != nil {
				t.Fatal(err)
			}
			<-w.fake.entered
			header := make([]byte, 8)
			if _, err := io.ReadFull(conn, header); err != nil {
				t.Fatal(err)
			}
			if want := append([]byte{0, 0, 0, 2}, action...); !bytes.Equal(header, want) {
				t.Errorf("header %x, want %x", header, want)
			}
			if err := conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
				t.Fatal(err)
			}
			if n, err := conn.Read(header); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%d more bytes before the decision, %v", n, err)
			}
			close(w.fake.free)
		})
	}
}

// slow returns the golden request of this name for the user "slow".
func slow(t *testing.T, name string) []byte {
	t.Helper()
	request := frameNamed(t, name).Request
	return bytes.Replace(request, []byte("\x00\x00\x00\x03ada"), []byte("\x00\x00\x00\x04slow"), 1)
}

func TestRequestsEndWithTheirTime(t *testing.T) {
	unavailable := frameNamed(t, "passwd-by-name-unavailable").Response
	for name, test := range map[string]struct {
		request, answer []byte // the answer from its beginning
		took            time.Duration
	}{
		"lookup": {passwdByName("slow"), unavailable, 2 * time.Second},
		"login":  {slow(t, "authenticate"), []byte{0, 0, 0, 2, 0, 13, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9}, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := newFake().backend()
				backend.LookupTimeout, backend.LoginTimeout = 2*time.Second, 10*time.Second
				s := server.New(backend, server.Options{})
				caller, served := newPipe()
				began := time.Now()
				go s.ServeOne(t.Context(), served, server.Credential{})
				if _, err := caller.Write(test.request); err != nil {
					t.Fatal(err)
				}
				got := readAll(t, caller)
				if took := time.Since(began); took != test.took || !bytes.HasPrefix(got, test.answer) {
					t.Errorf("after %v, want %v: got %x", took, test.took, got)
				}
			})
		})
	}
}
