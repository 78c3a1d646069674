package names_test

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"github.com/goldap/goldap/pkg/account"
	"github.com/goldap/goldap/pkg/directory"
	"github.com/goldap/goldap/pkg/names"
)

// crowd is a directory of users that are made when they are asked for.
type crowd struct {
	names.Directory
	members []string
	groups  []account.Group
}

func (c *crowd) AccountByName(_ context.Context, name string) (account.Account, error) {
	var number uint32
	if _, err := fmt.Sscanf(name, "user%06d", &number); err != nil {
		return account.Account{}, directory.ErrNotFound
	}
	return account.Account{
		DN: "uid=" + name + ",ou=people,dc=example,dc=com", Name: name, UID: 100000 + number, GID: 100000,
		Gecos: "User Number " + name, Home: "/home/" + name, Shell: "/bin/bash",
	}, nil
}

func (c *crowd) GroupByName(_ context.Context, name string) (account.Group, error) {
	return account.Group{DN: "cn=" + name + ",ou=groups,dc=example,dc=com", Name: name, GID: 300000, Members: c.members}, nil
}

func (c *crowd) GroupsOfMember(context.Context, string, string) ([]account.Group, error) {
	return c.groups, nil
}

func newCrowd() *crowd {
	c := &crowd{}
	for i := range 5000 {
		c.members = append(c.members, fmt.Sprintf("user%06d", i))
	}
	for i := range uint32(200) {
		c.groups = append(c.groups, account.Group{Name: fmt.Sprintf("group%03d", i), GID: 200000 + i})
	}
	return c
}

func newCrowdNames() *names.Names {
	return names.New([]names.Directory{newCrowd()}, names.Options{
		Rules: account.Rules{UIDs: account.Range{Min: 1000, Max: 1 << 31}, GIDs: account.Range{Min: 1000, Max: 1 << 31}},
		TTL:   time.Hour, NegativeTTL: time.Hour, StaleTTL: 24 * time.Hour, Entries: 200_000, Timeout: time.Minute,
		Logger: slog.New(slog.DiscardHandler),
	})
}

func benchmark(b *testing.B, ask func(context.Context, *names.Names) error) {
	n, ctx := newCrowdNames(), b.Context()
	if err := ask(ctx, n); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := ask(ctx, n); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPasswdByName(b *testing.B) {
	benchmark(b, func(ctx context.Context, n *names.Names) error {
		_, err := n.PasswdByName(ctx, "user000042")
		return err
	})
}

func BenchmarkUnknownName(b *testing.B) {
	benchmark(b, func(ctx context.Context, n *names.Names) error {
		if _, err := n.PasswdByName(ctx, "nobody-there"); err == nil {
			return fmt.Errorf("found")
		}
		return nil
	})
}

func BenchmarkGroupOf5000(b *testing.B) {
	benchmark(b, func(ctx context.Context, n *names.Names) error {
		_, err := n.GroupByName(ctx, "everybody")
		return err
	})
}

func BenchmarkMemberOf200(b *testing.B) {
	benchmark(b, func(ctx context.Context, n *names.Names) error {
		_, err := n.GroupsOfMember(ctx, "user000042")
		return err
	})
}

// BenchmarkMemory says how many bytes 100,000 accounts take.
func BenchmarkMemory(b *testing.B) {
	for b.Loop() {
		before := heap()
		n := newCrowdNames()
		for i := range 100_000 {
			if _, err := n.PasswdByName(b.Context(), fmt.Sprintf("user%06d", i)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/100_000, "B/account")
		runtime.KeepAlive(n)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (c *crowd) Accounts(ctx context.Context) iter.Seq2[account.Account, error] {
	return func(yield func(account.Account, error) bool) {
		for i := range 10_000 {
			if !yield(c.AccountByName(ctx, fmt.Sprintf("user%06d", i))) {
				return
			}
		}
	}
}

func BenchmarkEnumeration(b *testing.B) {
	benchmark(b, func(ctx context.Context, n *names.Names) error {
		for _, err := range n.Passwds(ctx) {
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// BenchmarkFirstTime is a lookup of what is not in memory.
func BenchmarkFirstTime(b *testing.B) {
	i := 0
	benchmark(b, func(ctx context.Context, n *names.Names) error {
		i++
		_, err := n.PasswdByName(ctx, fmt.Sprintf("user%06d", i%999_999))
		return err
	})
}

// BenchmarkStats is a look at a full memory, as each scrape of the metrics takes.
func BenchmarkStats(b *testing.B) {
	n := newCrowdNames()
	for i := range 200_000 {
		if _, err := n.PasswdByName(b.Context(), fmt.Sprintf("user%06d", i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if n.Stats().Entries == 0 {
			b.Fatal("nothing is there")
		}
	}
}
