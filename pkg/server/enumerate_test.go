package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"
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
		o.WriteTimeout = 50 * time.Millisecond
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
