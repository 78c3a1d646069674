package server_test

import (
	"bytes"
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/names"
	"github.com/goldap/goldap/pkg/server"
	"github.com/goldap/goldap/test/wire"
)

type atOnce struct{}

// forgetful is a fake that has only some users in memory, and counts the
// questions that may not wait.
type forgetful struct {
	*fake
	hurried *atomic.Int32
}

func (f forgetful) PasswdByName(ctx context.Context, name string) (account.Account, error) {
	if ctx.Value(atOnce{}) != nil {
		f.hurried.Add(1)
		if name == "slow" || name == "down" {
			return account.Account{}, names.ErrNotInMemory
		}
	}
	return f.fake.PasswdByName(ctx, name)
}

func (f forgetful) GroupByName(ctx context.Context, name string) (account.Group, error) {
	if name == "crowd" {
		return account.Group{Name: name, GID: 20102, Members: strings.Split(strings.Repeat("somebody ", 100_000), " ")}, nil
	}
	return f.fake.GroupByName(ctx, name)
}

// startQuick runs a server that answers from memory at once.
func startQuick(t *testing.T, change func(*server.Options)) (*world, *atomic.Int32) {
	t.Helper()
	hurried := new(atomic.Int32)
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.AtOnce = context.WithValue(context.Background(), atOnce{}, true)
		b.Names = forgetful{b.Names.(*fake), hurried}
		if change != nil {
			change(o)
		}
	})
	return w, hurried
}

// askQuickly asks again and again until the request was there before the server
// looked for it.
func (w *world) askQuickly(t *testing.T, hurried *atomic.Int32, request, want []byte) {
	t.Helper()
	before := hurried.Load()
	waitUntil(t, func() bool {
		if got := w.ask(t, request); !bytes.Equal(got, want) {
			t.Fatalf("got\n%x\nwant\n%x", got, want)
		}
		return hurried.Load() > before
	})
}

func TestGoldenFramesAtOnce(t *testing.T) {
	w, hurried := startQuick(t, nil)
	frame := frameNamed(t, "passwd-by-name")
	w.askQuickly(t, hurried, frame.Request, frame.Response)
	for _, frame := range wire.Read(t, "lookups.txt", "pam.txt", "maps.txt") {
		if concernsTheFake(frame.Name) && frame.Name != "session-open" {
			if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
				t.Errorf("%s: got\n%x\nwant\n%x", frame.Name, got, frame.Response)
			}
		}
	}
}

// What is not in memory is asked for again, with time to wait, and does not
// keep others waiting.
func TestWhatIsNotInMemoryWaitsElsewhere(t *testing.T) {
	w, hurried := startQuick(t, nil)
	slow := w.dial(t)
	if _, err := slow.Write(passwdByName("slow")); err != nil {
		t.Fatal(err)
	}
	<-w.fake.entered
	frame := frameNamed(t, "passwd-by-name")
	w.askQuickly(t, hurried, frame.Request, frame.Response)
	close(w.fake.free)
	if got := readAll(t, slow); !bytes.Contains(got, []byte("slow")) {
		t.Errorf("got %x", got)
	}
}

// A request that comes in parts, or with something behind it, is answered, and
// what was read of one is not taken for the beginning of another.
func TestRequestsInPartsAtOnce(t *testing.T) {
	w, hurried := startQuick(t, nil)
	frame := frameNamed(t, "passwd-by-name")
	login := frameNamed(t, "authenticate")
	for at := 1; at < len(frame.Request); at += 5 {
		half, abandoned := w.dial(t), w.dial(t)
		for conn, sent := range map[interface{ Write([]byte) (int, error) }][]byte{half: frame.Request[:at], abandoned: login.Request[:70]} {
			if _, err := conn.Write(sent); err != nil {
				t.Fatal(err)
			}
		}
		abandoned.Close()
		w.askQuickly(t, hurried, frame.Request, frame.Response)
		if _, err := half.Write(frame.Request[at:]); err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, half); !bytes.Equal(got, frame.Response) {
			t.Errorf("after %d bytes: got %x", at, got)
		}
	}
	long := append(bytes.Clone(frame.Request), make([]byte, 3000)...)
	if got := w.ask(t, long); !bytes.Equal(got, frame.Response) {
		t.Errorf("with more behind it: got %x", got)
	}
}

// An answer that does not fit into the socket is sent while others are
// answered; a caller who does not read it is given up.
func TestLongAnswersAtOnce(t *testing.T) {
	w, hurried := startQuick(t, func(o *server.Options) { o.WriteTimeout = 500 * time.Millisecond })
	request := groupNamed("crowd")
	idle, reader := w.dial(t), w.dial(t)
	for _, conn := range []interface{ Write([]byte) (int, error) }{idle, reader} {
		if _, err := conn.Write(request); err != nil {
			t.Fatal(err)
		}
	}
	frame := frameNamed(t, "passwd-by-name")
	w.askQuickly(t, hurried, frame.Request, frame.Response)
	if got := readAll(t, reader); len(got) < 1_200_000 || !bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
		t.Errorf("%d bytes of the long answer", len(got))
	}
	started := time.Now()
	if err := w.stop(); err != nil || time.Since(started) > 2*time.Second {
		t.Errorf("the end took %v: %v", time.Since(started), err)
	}
	if got := readAll(t, idle); bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
		t.Error("the caller who did not read got it all")
	}
}

// groupNamed is passwdByName for a group.
func groupNamed(name string) []byte {
	request := passwdByName(name)
	request[5] = 4 // the map, in the action
	return request
}

// A bug in a lookup closes the connection, without the end marker, and leaves
// the server as it was.
func TestBugAtOnce(t *testing.T) {
	w, hurried := startQuick(t, nil)
	before := hurried.Load()
	waitUntil(t, func() bool {
		if got := w.ask(t, passwdByName("crash")); bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
			t.Fatalf("got %x", got)
		}
		return hurried.Load() > before
	})
	frame := frameNamed(t, "passwd-by-name")
	w.askQuickly(t, hurried, frame.Request, frame.Response)
}
