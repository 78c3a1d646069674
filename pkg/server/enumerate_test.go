package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/nslcd"
	"github.com/goldap/goldap/pkg/server"
)

var passwdAll = []byte{0, 0, 0, 2, 0, 8, 0, 8}

// crowd has very many accounts, made as they are asked for.
type crowd struct {
	*fake
	many int
	// given is told how many were taken when no more are wanted.
	given chan int
}

func (c crowd) Passwds(context.Context) iter.Seq2[account.Account, error] {
	return func(yield func(account.Account, error) bool) {
		n := 0
		defer func() { c.given <- n }()
		for n = range c.many {
			if !yield(account.Account{Name: fmt.Sprint("u", n), Gecos: strings.Repeat("x", 100)}, nil) {
				return
			}
		}
	}
}

func withCrowd(many int, given chan int) func(*server.Backend, *server.Options) {
	return func(b *server.Backend, o *server.Options) {
		b.Names = crowd{b.Names.(*fake), many, given}
		b.LookupTimeout = time.Nanosecond // which is not about enumerations
		o.ReaderTimeout = 50 * time.Millisecond
	}
}

func TestLongEnumeration(t *testing.T) {
	const many = 20_000
	w := start(t, withCrowd(many, make(chan int, 1)))
	answer := nslcd.NewAnswerReader(bytes.NewReader(w.ask(t, passwdAll)))
	if err := answer.Header(nslcd.ActionPasswdAll); err != nil {
		t.Fatal(err)
	}
	count := 0
	more, err := answer.Next()
	for ; more; more, err = answer.Next() {
		if a, _, err := answer.Passwd(); err != nil || a.Name != fmt.Sprint("u", count) {
			t.Fatalf("entry %d: %q, %v", count, a.Name, err)
		}
		count++
	}
	if err != nil || count != many {
		t.Errorf("%d accounts, %v", count, err)
	}
}

// A caller that does not read is cut off, long before all accounts were asked
// for, and meanwhile others are answered.
func TestSlowReaderIsCutOff(t *testing.T) {
	const many = 1_000_000
	given := make(chan int, 1)
	w := start(t, withCrowd(many, given))
	conn := w.dial(t)
	if _, err := conn.Write(passwdAll); err != nil {
		t.Fatal(err)
	}
	request := append([]byte{0, 0, 0, 2, 0, 1, 0, 1}, 0, 0, 0, 1)
	if got := w.ask(t, request); !bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
		t.Errorf("somebody else got %x", got)
	}
	if n := <-given; n > many/10 {
		t.Errorf("%d accounts were taken", n)
	}
	got, err := io.ReadAll(conn)
	if err != nil || len(got) == 0 || bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// stuck gives one account and then waits until it is told to stop.
type stuck struct{ *fake }

func (s stuck) Passwds(ctx context.Context) iter.Seq2[account.Account, error] {
	return func(yield func(account.Account, error) bool) {
		if yield(ada, nil) {
			<-ctx.Done()
			yield(account.Account{}, errors.New("stopped"))
		}
	}
}

func TestEnumerationThatDoesNotGoOn(t *testing.T) {
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Names = stuck{b.Names.(*fake)}
		o.StallTimeout = 20 * time.Millisecond
	})
	whole := frameNamed(t, "passwd-by-name").Response
	want := append(append([]byte(nil), passwdAll...), whole[8:len(whole)-4]...)
	if got := w.ask(t, passwdAll); !bytes.Equal(got, want) {
		t.Errorf("got\n%x\nwant\n%x", got, want)
	}
}

// waiting gives one account, says so, and goes on when it is told to.
type waiting struct {
	*fake
	begun chan struct{}
	goOn  chan struct{}
}

func (w waiting) Passwds(ctx context.Context) iter.Seq2[account.Account, error] {
	return func(yield func(account.Account, error) bool) {
		w.begun <- struct{}{}
		<-w.goOn
		yield(ada, nil)
	}
}

// Enumerations are bounded in number, for each uid and in all; those that are
// too many wait for their turn, and root has places of its own.
func TestEnumerationsAreBounded(t *testing.T) {
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Names = waiting{b.Names.(*fake), begun, goOn}
		o.Enumerations = server.Limits{Connections: 8, PerUID: 3}
	})
	ask := func(uid uint32, times int) (conns []io.Reader) {
		w.uid.Store(uid)
		for range times {
			conn := w.dial(t)
			if _, err := conn.Write(passwdAll); err != nil {
				t.Fatal(err)
			}
			conns = append(conns, conn)
		}
		return conns
	}
	first := ask(1000, 3)
	for range 3 {
		<-begun
	}
	for _, conn := range ask(1000, 2) {
		if got := readAll(t, conn); len(got) > 0 {
			t.Errorf("one too many got %x", got)
		}
	}
	if got := w.lines("too many enumerations", "caller_uid=1000"); len(got) == 0 {
		t.Errorf("the log does not say so:\n%s", w.log)
	}
	first = append(first, ask(0, 5)...)
	for range 5 {
		<-begun
	}
	frame := frameNamed(t, "passwd-by-name")
	w.uid.Store(1000)
	if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
		t.Errorf("a lookup meanwhile got %x", got)
	}
	close(goOn)
	for _, conn := range first {
		if got := readAll(t, conn); !bytes.HasSuffix(got, []byte{0, 0, 0, 2}) {
			t.Errorf("got %x", got)
		}
	}
}

// A reader may pause for nearly a minute, as people do in a pager, and no
// longer; nobody else notices.
func TestReaderThatPauses(t *testing.T) {
	for name, test := range map[string]struct {
		pause time.Duration
		whole bool
	}{"59 seconds": {59 * time.Second, true}, "a minute": {time.Minute + time.Second, false}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := newFake().backend()
				backend.Names = crowd{backend.Names.(*fake), 2000, make(chan int, 1)}
				s := server.New(backend, server.Options{})
				caller, served := newPipe()
				go s.ServeOne(t.Context(), served, server.Credential{UID: 1000})
				if _, err := caller.Write(passwdAll); err != nil {
					t.Fatal(err)
				}
				total := 0
				for range 3 {
					n, err := io.ReadFull(caller, make([]byte, 33_000)) // a part and a bit
					if total += n; err != nil {
						break
					}
					time.Sleep(test.pause)
				}
				rest, err := io.ReadAll(caller)
				if err != nil || bytes.HasSuffix(rest, []byte{0, 0, 0, 2}) != test.whole {
					t.Errorf("%d and %d bytes, %v", total, len(rest), err)
				}
			})
		})
	}
}

// Readers that do not read are bounded in memory as they are in number.
func TestMemoryOfReadersThatDoNotRead(t *testing.T) {
	const readers = 32
	given := make(chan int, readers)
	w := start(t, func(b *server.Backend, o *server.Options) {
		b.Names = crowd{b.Names.(*fake), 1_000_000, given}
		o.ReaderTimeout = time.Minute
		o.ShutdownTimeout = time.Millisecond
	})
	before := memoryInUse()
	for uid := range uint32(readers / 8) {
		w.uid.Store(1000 + uid)
		for range 7 { // root has places that the others do not get
			conn := w.dial(t)
			if _, err := conn.Write(passwdAll); err != nil {
				t.Fatal(err)
			}
			header := make([]byte, 8)
			if _, err := io.ReadFull(conn, header); err != nil {
				t.Fatal(err)
			}
		}
	}
	runtime.GC()
	if grown := int64(memoryInUse()) - int64(before); grown > readers*256<<10 {
		t.Errorf("%d readers cost %d KiB", readers, grown>>10)
	}
	frame := frameNamed(t, "passwd-by-name")
	if got := w.ask(t, frame.Request); !bytes.Equal(got, frame.Response) {
		t.Errorf("a lookup meanwhile got %x", got)
	}
}
